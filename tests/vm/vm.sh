#!/bin/bash
# vm.sh [-m MB] [-t SECONDS] COMMAND: COMMAND as root on Debian's own kernel, with cgroup version 2 and PSI.
#
# A machine emulated by qemu (no KVM is needed; it boots in some seconds and is about ten times slower). It sees
# this host's files, read-only below an overlay in memory: what is built or installed here is there too, what it
# writes is lost; /dev/shm is memory. COMMAND has at most 1,300 characters (the kernel's command line).
# Prints the console. Exit status: COMMAND's; 124 past SECONDS; 125 no machine can be made here.
#
# vm.sh -p: only fetches what is needed (apt packages, the kernel), once; then no network is used.
set -eu
mb=2048 seconds=600 prepare=
while getopts m:t:p o; do
	case $o in m) mb=$OPTARG ;; t) seconds=$OPTARG ;; p) prepare=1 ;; *) exit 125 ;; esac
done
shift $((OPTIND - 1))
dir=${WHYOOM_VM_DIR:-/var/tmp/whyoom-vm}
tools='qemu-system-x86_64 busybox depmod cpio'

fetch_tools() {
	# shellcheck disable=SC2086 # a list of words
	command -v $tools >/dev/null || [ "$(command -v $tools | wc -l)" -eq 4 ] ||
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			qemu-system-x86 busybox-static kmod cpio >/dev/null 2>&1
}

fetch_kernel() {
	local package
	package=$(apt-cache depends linux-image-amd64 | awk '/Depends/ { print $2; exit }')
	(cd "$dir" && apt-get download -qq "$package" >/dev/null 2>&1 && dpkg -x "$package"_*.deb kernel &&
		rm -f "$package"_*.deb)
}

# The modules that reach the host's files, in the order to load them.
pack_modules() {
	local release module
	release=$(ls "$dir/kernel/lib/modules")
	depmod -b "$dir/kernel" "$release"
	for module in virtio_pci 9pnet_virtio 9p overlay; do
		modprobe -d "$dir/kernel" -S "$release" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
		cp "$file" "$dir/root/lib/"
		basename "$file" >>"$dir/root/lib/order"
	done
}

pack() {
	mkdir -p "$dir/root"/{bin,lib,proc,sys,dev,host,up,new}
	[ -e "$dir/kernel/boot" ] || fetch_kernel
	: >"$dir/root/lib/order"
	pack_modules
	cp "$(command -v busybox)" "$dir/root/bin/"
	cat >"$dir/root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t devtmpfs dev /dev
while read module; do insmod /lib/$module; done </lib/order
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=1048576,cache=loose root /host
mount -t tmpfs -o size=50% tmp /up && mkdir /up/upper /up/work
mount -t overlay -o lowerdir=/host,upperdir=/up/upper,workdir=/up/work root /new
command=$(sed 's/.*command=//' /proc/cmdline | base64 -d)
for d in proc sys dev; do mount -o bind /$d /new/$d; done
mkdir -p /new/dev/shm /new/dev/pts /new/sys/fs/cgroup
mount -t tmpfs tmp /new/dev/shm && mount -t devpts -o ptmxmode=666 pts /new/dev/pts
mount -t cgroup2 cgroup /new/sys/fs/cgroup
echo '+memory +cpu +pids' >/new/sys/fs/cgroup/cgroup.subtree_control
ip link set lo up
chroot /new /bin/bash -c "export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
$command"
echo "the machine ended with $?"
poweroff -f
INIT
	chmod +x "$dir/root/init"
	(cd "$dir/root" && find . | cpio -o -H newc --quiet | gzip -1) >"$dir/initrd.new"
	mv "$dir/initrd.new" "$dir/initrd"
}

if [ ! -e "$dir/initrd" ]; then
	fetch_tools || { echo "vm: qemu cannot be installed" && exit 125; }
	pack || { echo "vm: Debian's kernel cannot be had" && exit 125; }
fi
[ -z "$prepare" ] || exit 0

out=$(mktemp)
trap 'rm -f "$out"' EXIT
timeout "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m "$mb" \
	-nographic -no-reboot -net none -kernel "$dir"/kernel/boot/vmlinuz-* -initrd "$dir/initrd" \
	-append "console=ttyS0 quiet panic=-1 psi=1 command=$(printf '%s' "$1" | base64 -w0)" \
	-virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap </dev/null 2>&1 |
	tee "$out" || true
status=$(sed -n 's/^the machine ended with \([0-9]*\).*/\1/p' "$out" | tail -1)
exit "${status:-124}"
