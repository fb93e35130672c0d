"""A few cells of the matrix (tests/matrix): kinds of build with the go on PATH; the whole is `make matrix`."""
import sys
import unittest

from harness import ROOT, WHYOOM, needs_go, needs_root

sys.path.append(str(ROOT / "tests/matrix"))
import cells  # noqa: E402
import matrix  # noqa: E402


@needs_root
@needs_go
class Matrix(unittest.TestCase):
    """Attached, identities exact, stats, goroutines and profile equal to what the program says of itself."""


def _test(build, arch):
    def test(self):
        result = matrix.run_cell(None, build, arch, WHYOOM)
        if result["status"] == "skipped":
            self.skipTest(result["why"])
        self.assertEqual(result["wrong"], {})
    return test


for _version, _build, _arch in cells.QUICK:
    setattr(Matrix, f"test_{_build}_{_arch}".replace("-", "_"), _test(_build, _arch))
