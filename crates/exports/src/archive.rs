//! Archives: .zip, .tar, .gz and .tar.gz, told by their first bytes and expanded within limits.

use std::io::{Cursor, Read};

use azimuth_diag::{Diagnostic, Place};

use crate::read::read_text;
use crate::report::{Reporter, shorten};

/// Members of one archive.
const MAX_MEMBERS: usize = 20_000;
/// Expanded bytes of one member.
const MAX_MEMBER_BYTES: u64 = 1 << 30;
/// Expanded bytes of one file with all its members.
const MAX_TOTAL_BYTES: u64 = 4 << 30;
/// Times an archive may grow, once it is beyond [`FREE_BYTES`].
const MAX_RATIO: u64 = 250;
/// Expansion up to this size is never refused for its ratio.
const FREE_BYTES: u64 = 64 << 20;
/// Archives within archives.
const MAX_NESTING: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Zip,
    Gzip,
    Tar,
}

/// The kind of archive that `bytes` is, if any.
pub(crate) fn kind(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Kind::Zip),
        [0x1f, 0x8b, ..] => Some(Kind::Gzip),
        _ if bytes.get(257..262) == Some(b"ustar") => Some(Kind::Tar),
        _ => None,
    }
}

/// What may still be expanded.
struct Budget {
    left: u64,
    members: usize,
}

/// Reads a file that may be an archive.
pub(crate) fn read(bytes: &[u8], report: &mut Reporter<'_>) {
    let ratio = (bytes.len() as u64).saturating_mul(MAX_RATIO).max(FREE_BYTES);
    let mut budget = Budget { left: ratio.min(MAX_TOTAL_BYTES), members: MAX_MEMBERS };
    expand(bytes, report, &mut budget, 0);
}

fn expand(bytes: &[u8], report: &mut Reporter<'_>, budget: &mut Budget, nesting: usize) {
    let Some(kind) = kind(bytes) else { return read_text(bytes, report) };
    // A .tar.gz is one archive to its owner.
    if nesting > MAX_NESTING {
        return refuse(report, "archives are nested too deep here; unpack it and import the files");
    }
    match kind {
        Kind::Zip => zip(bytes, report, budget, nesting),
        Kind::Gzip => {
            if let Some(inner) = inflate(flate2::read::MultiGzDecoder::new(bytes), report, budget) {
                let below = if self::kind(&inner) == Some(Kind::Tar) { nesting } else { nesting + 1 };
                expand(&inner, report, budget, below);
            }
        }
        Kind::Tar => tar(bytes, report, budget, nesting),
    }
}

fn zip(bytes: &[u8], report: &mut Reporter<'_>, budget: &mut Budget, nesting: usize) {
    let mut archive = match zip::ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) => archive,
        Err(error) => return refuse(report, &format!("the zip archive is damaged: {error}")),
    };
    for index in 0..archive.len() {
        let member = match archive.by_index(index) {
            Ok(member) => member,
            Err(error) => {
                refuse(report, &format!("member {index} of the zip archive cannot be read: {error}"));
                continue;
            }
        };
        let name = member.name().to_owned();
        if member.is_dir() || is_litter(&name) {
            continue;
        }
        if !read_member(member, &name, report, budget, nesting) {
            return;
        }
    }
}

fn tar(bytes: &[u8], report: &mut Reporter<'_>, budget: &mut Budget, nesting: usize) {
    let mut archive = tar::Archive::new(bytes);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return refuse(report, &format!("the tar archive is damaged: {error}")),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return refuse(report, &format!("the rest of the tar archive is damaged: {error}")),
        };
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !entry.header().entry_type().is_file() || is_litter(&name) {
            continue;
        }
        if !read_member(entry, &name, report, budget, nesting) {
            return;
        }
    }
}

/// Files that systems add to archives on their own.
fn is_litter(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or_default();
    name.starts_with("__MACOSX/") || base.starts_with("._") || base == ".DS_Store" || base.is_empty()
}

/// Reads one member; `false` if the archive must not be read further.
fn read_member(
    content: impl Read,
    name: &str,
    report: &mut Reporter<'_>,
    budget: &mut Budget,
    nesting: usize,
) -> bool {
    if budget.members == 0 {
        refuse(report, &format!("the archive has more than {MAX_MEMBERS} members; the rest is not read"));
        return false;
    }
    budget.members -= 1;
    let inside = format!("{}!{}", report.file, shorten(name, 300));
    let outside = report.enter(inside);
    let inner = inflate(content, report, budget);
    if let Some(inner) = &inner {
        expand(inner, report, budget, nesting + 1);
    }
    report.enter(outside);
    inner.is_some() || budget.left > 0
}

/// The expanded bytes, `None` if they are too many or damaged.
fn inflate(content: impl Read, report: &mut Reporter<'_>, budget: &mut Budget) -> Option<Vec<u8>> {
    let limit = budget.left.min(MAX_MEMBER_BYTES);
    let mut out = Vec::new();
    let result = content.take(limit + 1).read_to_end(&mut out);
    if out.len() as u64 > limit {
        let what = if limit == budget.left { "the archive" } else { "this member" };
        budget.left -= limit;
        refuse(report, &format!("{what} expands beyond {} MiB, which is refused", limit >> 20));
        return None;
    }
    budget.left -= out.len() as u64;
    if let Err(error) = result {
        refuse(
            report,
            &format!("the compressed data is damaged: {error}; what came before the damage is read"),
        );
    }
    Some(out)
}

fn refuse(report: &mut Reporter<'_>, message: &str) {
    let place = Place { file: Some(report.file.clone()), ..Place::default() };
    report.record(None);
    report.reject();
    report.say(Diagnostic::error("import-archive", message).at(place));
}
