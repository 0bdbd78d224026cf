//! Digests: of bytes, and of all that decides the bytes of the kernel program.
//!
//! The digest of the sources must never depend on where the repository lies.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// Files, and folders with all that is in them.
const SOURCES: [&str; 5] = [
    "iftop-common/Cargo.toml",
    "iftop-common/src",
    "iftop-ebpf/Cargo.lock",
    "iftop-ebpf/Cargo.toml",
    "iftop-ebpf/src",
];

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// The digest of a kernel program's sources: those of all, and its own.
pub fn sources(root: &Path, own: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    for source in SOURCES.iter().chain(own) {
        collect(root, Path::new(source), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let bytes = fs::read(root.join(&file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        add(&mut hash, file.as_os_str().as_encoded_bytes());
        add(&mut hash, &bytes);
    }
    // `iftop-common` takes it from the workspace. Nothing else there reaches the kernel program, and
    // a new dependency of user space must not ask for a new object.
    add(&mut hash, edition(root)?.as_bytes());
    Ok(hexadecimal(&hash.finalize()))
}

/// With its length, so that no two lists of parts read the same.
fn add(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part);
}

fn collect(root: &Path, path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let full = root.join(path);
    if full.is_dir() {
        let entries =
            fs::read_dir(&full).with_context(|| format!("cannot read {}", full.display()))?;
        for entry in entries {
            collect(root, &path.join(entry?.file_name()), files)?;
        }
    } else {
        files.push(path.to_owned());
    }
    Ok(())
}

/// The line of the workspace's edition.
fn edition(root: &Path) -> Result<String> {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).context("cannot read Cargo.toml")?;
    let line = manifest.lines().find(|line| line.starts_with("edition"));
    Ok(line.context("Cargo.toml names no edition")?.to_owned())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    /// A repository in a folder of its own, removed at the end.
    struct Repository(PathBuf);

    impl Repository {
        fn new(name: &str) -> Self {
            let root = env::temp_dir().join(format!("xtask-{}-{name}", process::id()));
            let repository = Self(root);
            repository.write("Cargo.toml", "[workspace.package]\nedition = \"2024\"\n");
            for source in SOURCES {
                let file = if source.ends_with("src") { "src/lib.rs" } else { source };
                let folder = Path::new(source).parent().unwrap();
                let path = if source.ends_with("src") { folder.join(file) } else { file.into() };
                repository.write(&path, "text");
            }
            repository
        }

        fn write(&self, path: impl AsRef<Path>, text: &str) {
            let file = self.0.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }

        fn digest(&self) -> String {
            sources(&self.0, &[]).unwrap()
        }
    }

    impl Drop for Repository {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_place_is_of_no_consequence() {
        assert_eq!(Repository::new("here").digest(), Repository::new("there/deeper").digest());
    }

    #[test]
    fn content_and_path_and_edition_count() {
        let repository = Repository::new("changed");
        let mut seen = vec![repository.digest()];
        repository.write("iftop-common/src/lib.rs", "texts");
        seen.push(repository.digest());
        repository.write("iftop-ebpf/src/deep/file.rs", "");
        seen.push(repository.digest());
        let moved = repository.0.join("iftop-ebpf/src/deep/moved.rs");
        fs::rename(repository.0.join("iftop-ebpf/src/deep/file.rs"), moved).unwrap();
        seen.push(repository.digest());
        repository.write("iftop-ebpf/Cargo.lock", "");
        seen.push(repository.digest());
        repository.write("Cargo.toml", "edition = \"2027\"\n");
        seen.push(repository.digest());
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), all);
    }

    #[test]
    fn what_is_only_another_programs_does_not_count() {
        let repository = Repository::new("own");
        repository.write("tests/bench/ebpf/src/main.rs", "text");
        let (without, own) = (repository.digest(), &["tests/bench/ebpf/src"][..]);
        let with = sources(&repository.0, own).unwrap();
        repository.write("tests/bench/ebpf/src/main.rs", "texts");
        assert_eq!(repository.digest(), without);
        assert_ne!(sources(&repository.0, own).unwrap(), with);
    }

    #[test]
    fn user_space_does_not_count() {
        let repository = Repository::new("user");
        let before = repository.digest();
        repository.write("iftop-user/src/main.rs", "text");
        repository
            .write("Cargo.toml", "[workspace.package]\nedition = \"2024\"\nversion = \"9\"\n");
        assert_eq!(repository.digest(), before);
    }

    #[test]
    fn a_missing_source_is_an_error() {
        let repository = Repository::new("missing");
        fs::remove_file(repository.0.join("iftop-ebpf/Cargo.lock")).unwrap();
        assert!(sources(&repository.0, &[]).is_err());
    }

    #[test]
    fn sha256_is_sha256() {
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), of_abc);
    }
}
