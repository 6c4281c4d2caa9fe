//! From paths to a snapshot: walking folders, reading files in parallel, merging, or opening a store.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use azimuth_diag::{Diagnostic, Place, Severity};
use azimuth_estate::evidence::evidence_key;
use azimuth_estate::{Snapshot, SnapshotBuilder};
use azimuth_exports::{Imported, Shape};
use azimuth_host::{AsOf, SystemClock};
use azimuth_ids::IdRef;
use azimuth_store::Store;
use jiff::Timestamp;

use crate::args::InputArgs;
use crate::command::arm::template_documents;
use crate::exit::{Exit, Failure};
use crate::source::{self, Source};
use crate::ui::Ui;

/// Files larger than this are refused: split them, or export in pages.
const MAX_FILE_BYTES: u64 = 8 << 30;
/// More files than this in one call are refused.
const MAX_FILES: usize = 1_000_000;
/// Folders nested deeper than this are not entered.
const MAX_DEPTH: usize = 64;
/// The code of notes about pages.
const PAGE_CODE: &str = "import-next-page";
/// The path that stands for standard input.
const STDIN: &str = "-";
/// Diagnostics shown before the rest is only counted.
const MAX_SHOWN: usize = 20;

/// Documents read from files, merged and sorted by key.
pub(crate) struct Documents {
    pub(crate) documents: Vec<Imported>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) files: usize,
}

/// An estate ready to be judged.
pub(crate) struct Estate {
    pub(crate) snapshot: Snapshot,
    pub(crate) as_of: Timestamp,
    /// The store or lab behind it, for history.
    pub(crate) store: Option<Source>,
}

/// Threads for work that can be shared.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Reads `--as-of`: RFC 3339 or a date (the end of that day in UTC).
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, Failure> {
    let whole_day = format!("{text}T23:59:59Z");
    text.parse::<Timestamp>().or_else(|_| whole_day.parse()).map_err(|_| {
        Failure::usage(format_args!("`{text}` is no time"))
            .hint("write it as `2026-01-31` or `2026-01-31T12:00:00Z`")
    })
}

/// Loads the estate that the arguments name.
pub(crate) fn load(args: &InputArgs, ui: Ui) -> Result<Estate, Failure> {
    let wanted = args.as_of.as_deref().map(parse_time).transpose()?;
    let store = match &args.store {
        Some(path) => Some(path.clone()),
        None => single_store(&args.paths),
    };
    let mut builder;
    let opened;
    if let Some(path) = store {
        let store = Source::open(&path, true)?;
        let spinner = ui.spinner("loading");
        builder = store.builder(wanted.map_or(AsOf::Now, AsOf::Time))?;
        spinner.finish_and_clear();
        if builder.is_empty() {
            return Err(Failure::input(format_args!(
                "`{}` holds no document as of that time",
                path.display()
            ))
            .hint("see `azimuth changes --store FILE` for what was imported when"));
        }
        opened = Some(store);
    } else {
        let read = read_paths(&args.paths, args.template_scope.as_deref(), ui)?;
        report(&read.diagnostics, ui);
        refuse_if_strict(args.strict, &read.diagnostics)?;
        if read.documents.is_empty() {
            return Err(no_documents(&args.paths));
        }
        if wanted.is_some() {
            ui.note("note: files hold one state of the estate; `--as-of` only sets the time to judge it at (import into a store for history)");
        }
        builder = SnapshotBuilder::default();
        for document in read.documents {
            builder.push(&document.key, document.body);
        }
        opened = None;
    }
    for kind in &args.assume_complete {
        if !kind.eq_ignore_ascii_case("all") && !kind.contains('/') {
            return Err(Failure::usage(format_args!("`{kind}` is no type")).hint(
                "write `all`, a resource type such as `Microsoft.Security/pricings`, or `graph:/users`",
            ));
        }
        let key = evidence_key(kind, "*").map_err(Failure::usage)?;
        let body = serde_json::json!({"kind": "Evidence", "type": kind, "scope": "*", "source": "--assume-complete"});
        builder.push(&key, body.to_string());
    }
    let snapshot = builder.threads(threads()).finish();
    Ok(Estate { snapshot, as_of: wanted.unwrap_or_else(Timestamp::now), store: opened })
}

/// Opens a store for reading or writing.
pub(crate) fn open_store(path: &Path, read_only: bool) -> Result<Store, Failure> {
    let store = if read_only {
        Store::open_read_only(path)
    } else {
        Store::open(path, std::sync::Arc::new(SystemClock))
    };
    store.map_err(|error| Failure::new(Exit::Outside, error))
}

fn single_store(paths: &[PathBuf]) -> Option<PathBuf> {
    let [path] = paths else { return None };
    (is_store(path) || source::is_lab(path)).then(|| path.clone())
}

/// Whether a regular file begins like a store; pipes are not touched, for what is read from them is gone.
fn is_store(path: &Path) -> bool {
    let mut magic = [0_u8; 16];
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
        && fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut magic).is_ok())
        && &magic == b"SQLite format 3\0"
}

fn no_documents(paths: &[PathBuf]) -> Failure {
    let names: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    Failure::input(format_args!("no Azure document found in {}", names.join(", ")))
        .hint("export some first, for example `az graph query -q resources --first 1000 > resources.json`; see docs/exports.md, or try `azimuth demo-estate --out demo`")
}

/// Fails under `--strict` if any diagnostic is an error.
pub(crate) fn refuse_if_strict(strict: bool, diagnostics: &[Diagnostic]) -> Result<(), Failure> {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    if strict && errors > 0 {
        return Err(Failure::input(format_args!("{errors} parts of the input could not be read"))
            .hint("leave out `--strict` to go on with the rest"));
    }
    Ok(())
}

/// Shows diagnostics on standard error, the first ones in full.
pub(crate) fn report(diagnostics: &[Diagnostic], ui: Ui) {
    for diagnostic in diagnostics.iter().take(MAX_SHOWN) {
        let text = azimuth_diag::render(diagnostic, None);
        match diagnostic.severity {
            Severity::Error => ui.error(text.trim_end()),
            Severity::Warning | Severity::Note => ui.note(text.trim_end()),
        }
    }
    if diagnostics.len() > MAX_SHOWN {
        ui.note(format_args!("… and {} more", diagnostics.len() - MAX_SHOWN));
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    if errors > 0 {
        ui.error(format_args!("{errors} parts of the input could not be read; the rest was used"));
    }
}

/// Reads all files of the paths, in parallel, and merges them. The order of the paths decides between
/// different versions of one document, so results do not depend on timing.
pub(crate) fn read_paths(
    paths: &[PathBuf],
    template_scope: Option<&str>,
    ui: Ui,
) -> Result<Documents, Failure> {
    if let Some(scope) = template_scope {
        IdRef::parse(scope).map_err(|error| {
            Failure::usage(format_args!("`{scope}` is no scope: {error}"))
                .hint("write `/subscriptions/{id}/resourceGroups/{name}`")
        })?;
    }
    let mut diagnostics = Vec::new();
    let files = gather(paths, &mut diagnostics)?;
    let total: u64 = files.iter().map(|(_, size)| size).sum();
    let bar = ui.bar("reading", total, true);
    let threads = threads();
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<ReadFile>>> = Mutex::new((0..files.len()).map(|_| None).collect());
    // One file is split among the threads; many are dealt out whole.
    let inner_threads = if files.len() < threads { threads } else { 1 };
    let workers = threads.min(files.len()).max(1);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some((path, size)) = files.get(index) else { break };
                    let result = read_file(path, *size, inner_threads, template_scope);
                    bar.inc(*size);
                    results.lock().expect("no holder of this lock panics")[index] = Some(result);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut all = Vec::new();
    for result in results.into_inner().expect("no holder of this lock panics") {
        let (mut documents, mut found) = result.expect("every file was read");
        if all.is_empty() {
            all = documents;
        } else {
            all.append(&mut documents);
        }
        diagnostics.append(&mut found);
    }
    let merged = azimuth_exports::merge_parallel(all, threads);
    diagnostics.extend(merged.diagnostics);
    fold_pages(&mut diagnostics);
    Ok(Documents { documents: merged.documents, diagnostics, files: files.len() })
}

/// Makes one note of those that files are pages of longer lists: whoever exports page by page has all of them.
fn fold_pages(diagnostics: &mut Vec<Diagnostic>) {
    let is_page = |diagnostic: &Diagnostic| diagnostic.code == PAGE_CODE;
    let pages = diagnostics.iter().filter(|diagnostic| is_page(diagnostic)).count();
    if pages < 2 {
        return;
    }
    let mut first = true;
    diagnostics.retain_mut(|diagnostic| {
        let keep = !is_page(diagnostic) || std::mem::take(&mut first);
        if keep && is_page(diagnostic) {
            diagnostic.message =
                format!("{pages} files are pages of longer lists; this is the first of them");
            diagnostic.hint = Some("nothing to do if the other pages are here too".to_owned());
        }
        keep
    });
}

/// The documents of one file and what there is to say about it.
type ReadFile = (Vec<Imported>, Vec<Diagnostic>);

fn read_file(path: &Path, size: u64, threads: usize, template_scope: Option<&str>) -> ReadFile {
    let name = path.display().to_string();
    let place = Place { file: Some(name.clone()), ..Place::default() };
    if size > MAX_FILE_BYTES {
        let diagnostic = Diagnostic::error("import-file-size", "the file is larger than 8 GiB")
            .at(place)
            .with_hint("split it, or export in pages");
        return (Vec::new(), vec![diagnostic]);
    }
    let read = if path == Path::new(STDIN) {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(MAX_FILE_BYTES).read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    match read {
        Ok(bytes) => {
            let (mut documents, mut report) = azimuth_exports::read_parallel(&name, &bytes, threads);
            let is_template = report.shapes.iter().any(|(shape, _)| *shape == Shape::Template);
            if let (true, Some(scope)) = (is_template, template_scope) {
                let (expanded, findings) = template_documents(&name, &bytes, Some(scope));
                report.diagnostics.retain(|finding| finding.code != azimuth_exports::TEMPLATE_CODE);
                report.diagnostics.extend(findings);
                documents.extend(expanded);
            }
            (documents, report.diagnostics)
        }
        Err(error) => {
            let diagnostic = Diagnostic::error("import-unreadable", format!("cannot read the file: {error}"));
            (Vec::new(), vec![diagnostic.at(place)])
        }
    }
}

/// The files that the paths name, in order, each with its size: a file as it is, a folder with everything in
/// it that could be an export, a glob with what it matches.
fn gather(paths: &[PathBuf], diagnostics: &mut Vec<Diagnostic>) -> Result<Vec<(PathBuf, u64)>, Failure> {
    let mut files = Vec::new();
    let mut skipped = Vec::new();
    for path in paths {
        if path == Path::new(STDIN) {
            files.push((path.clone(), 0));
            continue;
        }
        if is_store(path) {
            return Err(Failure::usage(format_args!("`{}` is a store, not an export", path.display()))
                .hint("judge a store by itself: `azimuth assess --store FILE`"));
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => walk(path, 0, &mut files, &mut skipped, diagnostics)?,
            Ok(metadata) => files.push((path.clone(), metadata.len())),
            Err(error) => {
                let pattern = path.to_string_lossy();
                if !pattern.contains(['*', '?', '[']) {
                    return Err(Failure::new(
                        Exit::Input,
                        anyhow::Error::new(error).context(format!("cannot read `{pattern}`")),
                    ));
                }
                let matches = glob::glob(&pattern)
                    .map_err(|error| Failure::usage(format_args!("`{pattern}` is no pattern: {error}")))?;
                let before = files.len();
                for path in matches.filter_map(Result::ok) {
                    let metadata =
                        fs::metadata(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
                    if metadata.is_dir() {
                        walk(&path, 0, &mut files, &mut skipped, diagnostics)?;
                    } else {
                        files.push((path, metadata.len()));
                    }
                }
                if files.len() == before {
                    return Err(Failure::input(format_args!("`{pattern}` matches no file")));
                }
            }
        }
    }
    if !skipped.is_empty() {
        let shown: Vec<&str> = skipped.iter().take(5).map(String::as_str).collect();
        let more = if skipped.len() > 5 { ", …" } else { "" };
        diagnostics.push(Diagnostic::note(
            "import-skipped",
            format!(
                "left out, because they are no exports by their ending or no files: {} ({}{more})",
                skipped.len(),
                shown.join(", ")
            ),
        ));
    }
    Ok(files)
}

/// Endings that no Azure tool exports data with. Everything else in a folder is judged by its content.
const NO_EXPORTS: [&str; 18] = [
    "md", "txt", "html", "htm", "svg", "png", "jpg", "pdf", "log", "yaml", "yml", "ps1", "sh", "py", "db",
    "bicep", "docx", "xlsx",
];

fn walk(
    folder: &Path,
    depth: usize,
    files: &mut Vec<(PathBuf, u64)>,
    skipped: &mut Vec<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(), Failure> {
    let unreadable = |path: &Path, what: &str| {
        let place = Place { file: Some(path.display().to_string()), ..Place::default() };
        Diagnostic::error("import-unreadable", what.to_owned()).at(place)
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            diagnostics.push(unreadable(folder, &format!("cannot read the folder: {error}")));
            return Ok(());
        }
    };
    let mut entries: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        let is_link = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink());
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => {
                diagnostics.push(unreadable(&path, &format!("cannot read the file: {error}")));
                continue;
            }
        };
        let ending =
            path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        // Links to folders can lead in circles, and a pipe or device in a folder never ends.
        let is_strange = metadata.is_dir() && is_link || !metadata.is_dir() && !metadata.is_file();
        if is_strange || metadata.is_file() && NO_EXPORTS.contains(&ending.as_str()) {
            skipped.push(name);
        } else if metadata.is_dir() {
            if depth < MAX_DEPTH {
                walk(&path, depth + 1, files, skipped, diagnostics)?;
            }
        } else {
            files.push((path, metadata.len()));
        }
        if files.len() > MAX_FILES {
            return Err(Failure::input(format_args!("more than {MAX_FILES} files")));
        }
    }
    Ok(())
}
