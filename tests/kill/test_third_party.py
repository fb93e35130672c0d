"""Servers from Debian that nobody here built: killed under a limit they cannot live in, and healthy.

A sane verdict or an honest "could not tell"; a healthy run is given no cause.
"""
import base64
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from harness import TMP, WHYOOM, needs_root

MB = 1 << 20


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


class Under:
    """A server under `whyoom run`; ended by SIGTERM unless the kernel was faster."""

    def __init__(self, command, memory_max):
        self.place = pathlib.Path(tempfile.mkdtemp(dir=TMP))
        self.log = open(self.place / "log", "w")
        self.process = subprocess.Popen(
            [WHYOOM, "run", "--memory-max", str(memory_max), f"--json={self.place}/verdict.json", "--case",
             self.place / "case.whyoom", "--", *map(str, command)], stdout=self.log, stderr=self.log)

    def alive(self):
        return self.process.poll() is None

    def end(self, seconds):
        """Waits for the kernel's kill, else ends it; (exit status, verdict, what was written)."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGTERM)
            status = self.process.wait(30)
        self.log.close()
        return status, json.loads((self.place / "verdict.json").read_text()), (self.place / "log").read_text()


class Prometheus:
    name = program = "prometheus"
    limit = 64 * MB

    def __init__(self, loaded):
        self.port = free_port()
        folder = pathlib.Path(tempfile.mkdtemp(dir=TMP))
        jobs = 150 if loaded else 1
        config = "global: {scrape_interval: 1s}\nscrape_configs:\n" + "".join(
            f"- {{job_name: j{i}, static_configs: [{{targets: ['127.0.0.1:{self.port}']}}]}}\n" for i in range(jobs))
        (folder / "p.yml").write_text(config)
        self.command = ["prometheus", f"--config.file={folder}/p.yml", f"--storage.tsdb.path={folder}/data",
                        f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"]

    def load(self, under):
        pass


class Etcd:
    name, program = "etcd", "etcd"
    limit = 64 * MB

    def __init__(self, loaded):
        self.port, self.loaded = free_port(), loaded
        peer = free_port()
        client = f"http://127.0.0.1:{self.port}"
        self.command = ["etcd", "--data-dir", tempfile.mkdtemp(dir=TMP), "--listen-client-urls", client,
                        "--advertise-client-urls", client, "--listen-peer-urls", f"http://127.0.0.1:{peer}",
                        "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
                        "--initial-cluster", f"default=http://127.0.0.1:{peer}", "--log-level", "error"]

    def load(self, under):
        n = 0
        while self.loaded and under.alive() and n < 200000:
            body = json.dumps({"key": base64.b64encode(b"k%d" % n).decode(),
                               "value": base64.b64encode(os.urandom(3000)).decode()}).encode()
            n += 1
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v3/kv/put", body, timeout=5).read()
            except (OSError, urllib.error.URLError):
                time.sleep(0.01)


class Nats:
    name, program = "nats-server", "nats-server"
    limit = 32 * MB

    def __init__(self, loaded):
        self.port, self.loaded = free_port(), loaded
        self.command = ["nats-server", "-a", "127.0.0.1", "-p", str(self.port)]

    def load(self, under):
        """A subscriber that does not read, and a publisher that does not stop."""
        if not self.loaded:
            return
        slow = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(4)]
        for s in slow:
            s.sendall(b'CONNECT {"verbose":false}\r\nSUB a 1\r\n')
        sender = socket.create_connection(("127.0.0.1", self.port))
        sender.sendall(b'CONNECT {"verbose":false}\r\n')
        message = b"PUB a 60000\r\n" + b"x" * 60000 + b"\r\n"
        end = time.monotonic() + 60
        try:
            while under.alive() and time.monotonic() < end:
                sender.sendall(message)
                time.sleep(0.004)
        except OSError:
            pass
        finally:
            for s in (*slow, sender):
                s.close()


def run(server, loaded, memory_max, seconds):
    s = server(loaded)
    under = Under(s.command, memory_max)
    if wait_for(s.port):
        loader = threading.Thread(target=s.load, args=(under,), daemon=True)
        loader.start()
    return under.end(seconds)


@needs_root
class ThirdParty(unittest.TestCase):
    def killed(self, server):
        if not shutil.which(server.program):
            self.skipTest(f"{server.program} is not installed")
        status, verdict, log = run(server, True, server.limit, 90)
        self.assertEqual(status, 137, log[-3000:])
        self.assertEqual(verdict["oom"]["status"], "yes", log[-3000:])
        self.assertEqual(verdict["subject"]["go_version"][:2], "go")
        rest = abs(verdict["ledger"]["unexplained_bytes"])
        self.assertLess(rest, max(0.03 * verdict["ledger"]["total_bytes"], 2 * MB), verdict["ledger"])
        primary = verdict["causes"][0]["id"] if verdict["causes"] else "could not tell"
        print(f"{server.name}: {primary}; {verdict['pattern']['kind']}; "
              f"{[c['name'] for c in verdict['causes'][0]['culprits']][:2] if verdict['causes'] else ''}")
        self.assertIn(primary, ("heap-growth", "limit-too-low", "large-object-load", "could not tell"), log[-6000:])

    def healthy(self, server):
        if not shutil.which(server.program):
            self.skipTest(f"{server.program} is not installed")
        _, verdict, log = run(server, False, 1024 * MB, 20)
        self.assertEqual(verdict["causes"], [], log[-3000:])
        self.assertEqual(verdict["oom"]["status"], "no", log[-3000:])

    def test_prometheus_killed(self):
        self.killed(Prometheus)

    def test_prometheus_healthy(self):
        self.healthy(Prometheus)

    def test_etcd_killed(self):
        self.killed(Etcd)

    def test_etcd_healthy(self):
        self.healthy(Etcd)

    def test_nats_killed(self):
        self.killed(Nats)

    def test_nats_healthy(self):
        self.healthy(Nats)
