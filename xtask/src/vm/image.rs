//! The initial file system of a virtual machine: our tests, what they need, and an `init` that runs them.
//!
//! It owns what is in there. The programs are this machine's own, with their libraries, at the same paths:
//! the tests have some of these built in.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};

use super::fetch;
use crate::cmd;

/// What the tests call, and busybox has in another form. Its shell would take its own.
const TOOLS: [&str; 6] = ["sh", "ip", "tc", "ethtool", "setpriv", "env"];
/// Of each kernel, where it has them as modules; in this order, as each needs those before it.
const MODULES: [&str; 16] = [
    "veth",
    "sch_ingress",
    "cls_bpf",
    "dummy",
    "ifb",
    "tun",
    "llc",
    "stp",
    "bridge",
    "sch_tbf",
    "garp",
    "mrp",
    "8021q",
    "tunnel4",
    "ip_tunnel",
    "ipip",
];

/// A test program, and which of its tests are to be run.
pub struct Tests {
    pub program: PathBuf,
    pub filters: &'static [&'static str],
}

/// All but the modules, which is the same for each kernel.
pub struct Base {
    /// A busybox that needs no libraries.
    busybox: PathBuf,
    archive: PathBuf,
}

impl Base {
    /// Packs what the tests and the program need.
    pub fn pack(folder: &Path, busybox: &Path, tests: &[Tests], program: &Path) -> Result<Self> {
        let root = Root::new(folder.join("root"))?;
        for folder in [
            "bin", "sbin", "usr/bin", "usr/sbin", "proc", "sys", "dev", "tmp", "root", "etc",
            "run", "tools",
        ] {
            fs::create_dir_all(root.0.join(folder))?;
        }
        fs::copy(busybox, root.0.join("bin/busybox")).context("busybox")?;
        for tool in TOOLS {
            let path = cmd::find(tool).with_context(|| format!("no `{tool}` here"))?;
            root.put_libraries(&path)?;
            fs::copy(path, root.0.join("tools").join(tool)).context("copy a tool")?;
        }
        for binary in tests.iter().map(|tests| &*tests.program).chain([program]) {
            root.put(binary)?;
            // Debug information makes them five times as large.
            let mut strip = Command::new("strip");
            cmd::run(strip.arg("--strip-debug").arg(root.inside(binary)))?;
        }
        for (file, text) in [
            (
                "etc/passwd",
                "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
            ),
            ("etc/hosts", "127.0.0.1 localhost\n"),
            ("etc/resolv.conf", ""),
            ("init", &init(tests)),
        ] {
            fs::write(root.0.join(file), text).with_context(|| file.to_owned())?;
        }
        fs::set_permissions(root.0.join("init"), fs::Permissions::from_mode(0o755))?;
        let base = Self { busybox: busybox.to_owned(), archive: folder.join("base.cpio") };
        root.pack(busybox, &base.archive)?;
        Ok(base)
    }

    /// An image with the modules of the kernel whose packages are unpacked there.
    pub fn with_modules(&self, kernel: &Path, image: &Path) -> Result<()> {
        let root = Root::new(image.with_extension("modules"))?;
        MODULES.iter().try_for_each(|module| self.put_module(&root, kernel, module))?;
        root.pack(&self.busybox, image)?;
        // The kernel takes one archive after the other, each at a multiple of four bytes.
        let mut file = fs::OpenOptions::new().append(true).open(image).context("an image")?;
        let bytes = file.metadata()?.len();
        file.set_len(bytes.next_multiple_of(4))?;
        io::copy(&mut fs::File::open(&self.archive)?, &mut file).context("write an image")?;
        Ok(())
    }

    /// Where a kernel has none, it is built in, or the tests say what is missing.
    fn put_module(&self, root: &Root, kernel: &Path, module: &str) -> Result<()> {
        let is_it = |name: &str| {
            name.strip_prefix(module).is_some_and(|rest| [".ko", ".ko.xz"].contains(&rest))
        };
        let Some(file) = fetch::find(kernel, &is_it) else { return Ok(()) };
        let folder = root.0.join("modules");
        fs::create_dir_all(&folder)?;
        let target = folder.join(format!("{module}.ko"));
        if file.extension().is_some_and(|kind| kind == "xz") {
            let output = fs::File::create(target)?;
            let mut unpack = Command::new(&self.busybox);
            cmd::run(unpack.args(["xz", "-d", "-c"]).arg(file).stdout(output))
        } else {
            fs::copy(file, target).map(drop).context("copy a module")
        }
    }
}

/// A folder that becomes an archive of files.
struct Root(PathBuf);

impl Root {
    /// An empty one.
    fn new(folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder).context("remove the image before")?;
        }
        fs::create_dir_all(&folder).context("make a folder for an image")?;
        Ok(Self(folder))
    }

    /// Packs it, as the kernel unpacks it (`cpio`, newc). To compress it would take the kernel longer.
    fn pack(&self, busybox: &Path, file: &Path) -> Result<()> {
        let output = fs::File::create(file).with_context(|| file.display().to_string())?;
        let mut pack = Command::new("sh");
        pack.args(["-c", "find . | \"$0\" cpio -o -H newc -R 0:0 2>/dev/null"]).arg(busybox);
        cmd::run(pack.current_dir(&self.0).stdout(Stdio::from(output)))
    }

    fn inside(&self, path: &Path) -> PathBuf {
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// A program and the libraries that it is linked with.
    fn put(&self, program: &Path) -> Result<()> {
        self.copy(program)?;
        self.put_libraries(program)
    }

    fn put_libraries(&self, program: &Path) -> Result<()> {
        let libraries = cmd::ask(Command::new("ldd").arg(program)).unwrap_or_default();
        for library in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
            self.copy(Path::new(library))?;
        }
        Ok(())
    }

    fn copy(&self, path: &Path) -> Result<()> {
        let inside = self.inside(path);
        if let Some(folder) = inside.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(path, &inside).with_context(|| path.display().to_string())?;
        Ok(())
    }
}

/// What runs first inside, and last: it says how each program ended, and that all were run.
fn init(tests: &[Tests]) -> String {
    let mut script = format!(
        "#!/bin/busybox sh
/bin/busybox --install -s
export PATH=/tools:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
export IFTOP_IN_VM=1
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev
echo 1 > /proc/sys/net/core/fb_tunnels_only_for_init_net
mkdir -p /dev/pts; mount -t devpts none /dev/pts
for module in {}; do [ ! -e /modules/$module.ko ] || insmod /modules/$module.ko; done
ip link set lo up
echo \"== kernel $(uname -r)\"
",
        MODULES.join(" ")
    );
    for Tests { program, filters } in tests {
        script += "cd /root; ";
        script += &program.display().to_string();
        script += " --include-ignored --test-threads=1 --show-output ";
        script += &filters.join(" ");
        script += "; echo \"== ended $?\"\n";
    }
    script + "echo '== all'\npoweroff -f\n"
}
