# The menu. The work is done by meson (meson.build) and the scripts in tools/.
BUILD ?= build

.PHONY: all deps demo test unit live kill asan fuzz bench matrix format lint clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) >/dev/null

deps: ## install what building, testing and the demo need (Debian 12, as root)
	tools/install-deps.sh

demo: deps all ## a leaking Go server, killed by the kernel, judged
	tools/demo.sh $(BUILD)/whyoom

test: deps all ## everything that this machine can run
	tests/run.py --build $(BUILD)

unit: all
	meson test -C $(BUILD) --suite unit --suite lint --suite fuzz

asan: ## unit and live tests under AddressSanitizer and UBSan
	test -d build-asan || meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false
	ninja -C build-asan
	tests/run.py --build build-asan

fuzz: ## ten minutes of libFuzzer on each target (clang); FUZZ_SECONDS=60 for a quick look
	tools/fuzz.sh

bench: deps all ## measured against peers, printed as ratios
	bench/run.py --build $(BUILD)

matrix: all ## Go releases x builds x architectures into docs/matrix.md; QUICK=1: a few; ONLY="1.18 arm64"
	tests/matrix/matrix.py --build $(BUILD) $(if $(QUICK),--quick,--write $(if $(ONLY),--only $(ONLY)))

format:
	clang-format -i $$(git ls-files '*.[ch]')

lint: all
	meson test -C $(BUILD) --suite lint

clean:
	rm -rf build build-*
