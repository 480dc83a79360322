//! Disks of one's own: an ext4 image that can lose what was never synced, and a small tmpfs. Both
//! need root; without it the answer is why there is none.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A file system that is mounted as long as this lives.
pub(super) struct Disk {
    folder: TempDir,
    /// Times that the power was cut: each leaves an image of its own.
    cuts: Cell<u32>,
    mounted: bool,
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let why = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{program} {arguments:?}: {}", why.trim())) }
}

/// EXT4_IOC_SHUTDOWN, without flushing the journal. Rust offers no ioctl without `unsafe`.
const SHUTDOWN: &str = "import fcntl,os,struct,sys; \
     fcntl.ioctl(os.open(sys.argv[1],os.O_RDONLY),0x8004587d,struct.pack('I',2))";

impl Disk {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("luqi-disk-").tempdir().unwrap();
        std::fs::create_dir(folder.path().join("mount")).unwrap();
        Self { folder, cuts: Cell::new(0), mounted: false }
    }

    /// An ext4 file system in an image; or why there can be none.
    pub(super) fn ext4(megabytes: u64) -> Result<Self, String> {
        let mut disk = Self::new();
        let path = disk.image();
        let file = std::fs::File::create(&path).map_err(|error| error.to_string())?;
        file.set_len(megabytes << 20).map_err(|error| error.to_string())?;
        run("mkfs.ext4", &["-q", "-F", &path.to_string_lossy()])?;
        disk.mount()?;
        disk.mounted = true;
        Ok(disk)
    }

    /// A tmpfs of some size; or why there can be none.
    pub(super) fn tmpfs(megabytes: u64) -> Result<Self, String> {
        let mut disk = Self::new();
        run(
            "mount",
            &["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "luqi-test", &disk.path().to_string_lossy()],
        )?;
        disk.mounted = true;
        Ok(disk)
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("mount")
    }

    /// All that was written so far outlives a power cut.
    pub(super) fn sync(&self) {
        run("sync", &["--file-system", &self.path().to_string_lossy()]).unwrap();
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join(format!("image-{}", self.cuts.get()))
    }

    fn mount(&self) -> Result<(), String> {
        let image = self.image();
        // The journal commits nothing by itself during a run.
        run("mount", &["-o", "loop,commit=300", &image.to_string_lossy(), &self.path().to_string_lossy()])
    }

    /// From here on nothing reaches the image any more.
    pub(super) fn cut_power(&self) {
        run("python3", &["-c", SHUTDOWN, &self.path().to_string_lossy()]).unwrap();
    }

    /// Mounts a copy of the image, with what was synced. A copy, because a container that started
    /// meanwhile holds the mount in a namespace of its own: the same image would give the same file system
    /// again, the one without power.
    pub(super) fn power_up(&self) {
        unmount(&self.path()).unwrap();
        let before = self.image();
        self.cuts.set(self.cuts.get() + 1);
        run("cp", &["--sparse=always", &before.to_string_lossy(), &self.image().to_string_lossy()]).unwrap();
        std::fs::remove_file(before).unwrap();
        self.mount().unwrap();
    }
}

fn unmount(path: &Path) -> Result<(), String> {
    let mut last = Ok(());
    for _ in 0..50 {
        last = run("umount", &[&path.to_string_lossy()]);
        if last.is_ok() {
            return last;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    last
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted
            && let Err(why) = unmount(&self.path())
        {
            eprintln!("{why}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    /// The power cut is worth its name: what was synced stays, what was not is gone.
    #[test]
    fn a_power_cut_takes_what_was_not_synced() {
        match Disk::ext4(16) {
            Ok(disk) => cut(&disk),
            Err(why) => ledger_core::skipped::leave_out(why),
        }
    }

    /// Whoever made a mount namespace while the disk was mounted holds its file system.
    #[test]
    fn a_disk_comes_back_though_another_namespace_holds_it() {
        let disk = match Disk::ext4(16) {
            Ok(disk) => disk,
            Err(why) => return ledger_core::skipped::leave_out(why),
        };
        let mut holder = Command::new("unshare");
        holder.args(["--mount", "sh", "-c", "echo; read line"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = holder.spawn().unwrap();
        holder.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        cut(&disk);
        drop(holder.stdin.take());
        holder.wait().unwrap();
    }

    fn cut(disk: &Disk) {
        let mut file = std::fs::File::create(disk.path().join("file")).unwrap();
        file.write_all(b"synced").unwrap();
        file.sync_all().unwrap();
        std::fs::File::open(disk.path()).unwrap().sync_all().unwrap();
        file.write_all(b" and not").unwrap();
        std::fs::write(disk.path().join("other"), b"not").unwrap();
        drop(file);
        disk.cut_power();
        disk.power_up();
        assert_eq!(std::fs::read(disk.path().join("file")).unwrap(), b"synced");
        assert!(!disk.path().join("other").exists());
    }
}
