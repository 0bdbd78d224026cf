//! Finds and reads the configuration file.
//!
//! It owns which file it is and what may be read. It must never look at the directory that one
//! happens to stand in: a file there must not configure a program that root runs.

use std::{
    env,
    fs::File,
    io::{self, ErrorKind, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

use super::{Mistake, parse};
use crate::{
    cli::CommandLine,
    names::printable_words,
    options::{Layer, Options},
};

/// Far more than a file with every directive and a page of comments to each.
const SIZE_LIMIT: u64 = 1 << 20;

/// The options of the command line and the file that it points to, and what there is to warn of.
///
/// # Errors
/// Say what cannot be read.
pub fn resolve(line: CommandLine) -> Result<(Options, Vec<String>)> {
    let mut warnings = Vec::new();
    let Some((path, text)) = find(&line, &mut warnings)? else {
        return Ok((line.with(Layer::default()), warnings));
    };
    let (mut layer, mistakes) = parse(&text);
    // Whatever directory one happens to stand in.
    if let (Some(Some(networks)), Some(folder)) = (&mut layer.networks, path.parent()) {
        *networks = folder.join(&networks);
    }
    let path = printable_words(&path.to_string_lossy());
    for Mistake { line: number, text } in mistakes {
        warnings.push(format!("{path}:{number}: warning: {text}"));
    }
    Ok((line.with(layer), warnings))
}

/// The file's text, where there is a file. Only one that was asked for must be there.
fn find(line: &CommandLine, warnings: &mut Vec<String>) -> Result<Option<(PathBuf, String)>> {
    if line.no_config {
        return Ok(None);
    }
    if let Some(path) = &line.config {
        let text = read(path).with_context(|| {
            format!("read the configuration file {}", printable_words(&path.to_string_lossy()))
        })?;
        return Ok(Some((path.clone(), text)));
    }
    let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let Some(path) = home.map(|home| home.join(".iftoprc")) else { return Ok(None) };
    match read(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => {
            let path = printable_words(&path.to_string_lossy());
            warnings.push(format!("{path}: warning: not read: {error:#}"));
            Ok(None)
        }
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref().map(io::Error::kind);
    matches!(kind, Some(ErrorKind::NotFound | ErrorKind::NotADirectory))
}

/// The text of a file that somebody has written by hand.
pub(crate) fn read(path: &Path) -> Result<String> {
    // Without it a pipe would hold us until somebody writes.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    ensure!(file.metadata()?.is_file(), "it is no regular file");
    let mut text = Vec::new();
    file.take(SIZE_LIMIT + 1).read_to_end(&mut text)?;
    ensure!(text.len() as u64 <= SIZE_LIMIT, "it is larger than 1 MiB");
    // Comments may be in any encoding; a value that is not UTF-8 fits nothing anyway.
    Ok(String::from_utf8_lossy(&text).into_owned())
}
