//! Linked templates from files. Nothing is ever fetched.

use std::cell::OnceCell;
use std::path::{Component, Path, PathBuf};

use azimuth_arm::{Link, LoadError, Loaded, Loader};
use azimuth_ids::eq_fold;

use super::template::read_text;
use crate::exit::Failure;

/// Loads linked templates from files beside the linking one, and from where the user says that URIs lie.
#[derive(Debug, Default)]
pub(crate) struct FileLinks {
    /// URI or template spec id, and the file or folder that stands for it; the longest first.
    mappings: Vec<(String, PathBuf)>,
    /// The folder of the root template, which is the first that links anything.
    root: OnceCell<PathBuf>,
}

impl FileLinks {
    /// Reads `--link URI=PATH` arguments.
    pub(crate) fn new(arguments: &[String]) -> Result<Self, Failure> {
        let mut mappings = Vec::new();
        for argument in arguments {
            // The URI may hold `=` itself, in a query.
            let Some((uri, path)) = argument.rsplit_once('=') else {
                return Err(Failure::usage("a `--link` has no `=`")
                    .hint("write `--link https://host/templates/=./templates/`"));
            };
            mappings.push((uri.to_owned(), PathBuf::from(path)));
        }
        mappings.sort_by_key(|(uri, _)| std::cmp::Reverse(uri.len()));
        Ok(Self { mappings, root: OnceCell::new() })
    }

    /// A file beside the linking one, as long as it stays in the root template's folder or in one that a `--link`
    /// names: a template from elsewhere is not to read what lies around it.
    fn beside(&self, from: &str, path: &str) -> Result<PathBuf, LoadError> {
        if let Some(known) = self.mapped(path) {
            return Ok(known);
        }
        let root = self.root.get_or_init(|| folder(from));
        let found = folder(from).join(path.trim_start_matches("./"));
        let plain = normal(&found);
        let mapped = self.mappings.iter().map(|(_, path)| path.as_path());
        // What stands beside a file that a `--link` names is meant by it as well.
        let beside_mapped = mapped.clone().filter(|path| path.extension().is_some()).filter_map(Path::parent);
        let is_inside = std::iter::once(root.as_path())
            .chain(mapped)
            .chain(beside_mapped)
            .any(|folder| is_within(&plain, &normal(folder)));
        if is_inside {
            return Ok(found);
        }
        let reason = format!(
            "`{path}` leaves the folder of the template that is expanded; if that is meant, say where it lies with `--link {path}=PATH`"
        );
        Err(LoadError { reason })
    }

    /// A URI that is a local path after all.
    fn local(&self, from: &str, uri: &str) -> Result<PathBuf, LoadError> {
        if let Some(path) = uri.strip_prefix("file://") {
            return Ok(PathBuf::from(path));
        }
        if uri.contains("://") {
            let uri = without_query(uri);
            let reason = format!("nothing is fetched; say where it lies with `--link {uri}=PATH`");
            return Err(LoadError { reason });
        }
        self.beside(from, uri)
    }

    /// The file that a URI stands for.
    fn mapped(&self, uri: &str) -> Option<PathBuf> {
        let bare = without_query(uri);
        self.mappings.iter().find_map(|(known, path)| {
            if known == uri || eq_fold(without_query(known), bare) {
                return Some(path.clone());
            }
            let rest = bare.strip_prefix(known.as_str())?;
            let is_whole_step = known.ends_with('/') || rest.starts_with('/');
            is_whole_step.then(|| path.join(rest.trim_start_matches('/')))
        })
    }
}

/// A URI without its query, which may be a signature that opens a container.
fn without_query(uri: &str) -> &str {
    uri.split(['?', '#']).next().unwrap_or_default()
}

impl Loader for FileLinks {
    fn load(&self, from: &str, link: &Link) -> Result<Loaded, LoadError> {
        let path = match link {
            Link::RelativePath(path) => self.beside(from, path)?,
            Link::Uri(uri) => match self.mapped(uri) {
                Some(path) => path,
                None => self.local(from, uri)?,
            },
            Link::TemplateSpec(id) => self.mapped(id).ok_or_else(|| LoadError {
                reason: format!(
                    "template specs are not fetched; name a file that holds it with `--link {id}=PATH`"
                ),
            })?,
        };
        let text =
            read_text(&path).map_err(|failure| LoadError { reason: format!("{:#}", failure.error) })?;
        Ok(Loaded { file: path.display().to_string(), text })
    }
}

/// The folder that a file lies in.
fn folder(file: &str) -> PathBuf {
    Path::new(file).parent().unwrap_or(Path::new("")).to_owned()
}

/// The path without `.` and `..`, as far as it goes without looking at the disk.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// Whether a normal path lies in a normal folder.
fn is_within(path: &Path, folder: &Path) -> bool {
    path.strip_prefix(folder)
        .is_ok_and(|rest| rest.components().all(|part| matches!(part, Component::Normal(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_mapped_by_the_longest_prefix_and_never_fetched() {
        let links = FileLinks::new(&[
            "https://host/t/=a".to_owned(),
            "https://host/t/deep/=b".to_owned(),
            "https://host/one.json?sig=x=c.json".to_owned(),
        ])
        .unwrap();
        let mapped = |uri: &str| links.mapped(uri).map(|path| path.display().to_string().replace('\\', "/"));
        assert_eq!(mapped("https://host/t/x.json").as_deref(), Some("a/x.json"));
        assert_eq!(mapped("https://host/t/deep/x.json?sv=1").as_deref(), Some("b/x.json"));
        assert_eq!(mapped("https://host/one.json?sig=x").as_deref(), Some("c.json"));
        assert_eq!(mapped("https://host/tt"), None);
        let error =
            links.load("main.json", &Link::Uri("https://other/x.json?sig=secret".to_owned())).unwrap_err();
        assert!(
            error.reason.contains("https://other/x.json=PATH") && !error.reason.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn relative_paths_stay_in_the_folder_of_the_root() {
        let links =
            FileLinks::new(&["https://host/t/=../shared/t".to_owned(), "../common/=../common".to_owned()]);
        let links = links.unwrap();
        let beside = |from: &str, path: &str| {
            let found =
                links.beside(from, path).map(|path| normal(&path).display().to_string().replace('\\', "/"));
            found.map_err(|error| error.reason)
        };
        assert_eq!(beside("work/main.json", "./parts/a.json").as_deref(), Ok("work/parts/a.json"));
        assert_eq!(beside("work/parts/a.json", "../b.json").as_deref(), Ok("work/b.json"));
        assert_eq!(beside("../shared/t/x.json", "y.json").as_deref(), Ok("../shared/t/y.json"));
        assert_eq!(beside("work/main.json", "../common/c.json").as_deref(), Ok("../common/c.json"));
        for outside in ["../../etc/passwd", "/etc/passwd", "parts/../../secret.json", "../workshop/x.json"] {
            let reason = beside("work/main.json", outside).unwrap_err();
            assert!(reason.contains(&format!("--link {outside}=PATH")), "{reason}");
        }
        let here = FileLinks::new(&[]).unwrap();
        assert!(here.beside("main.json", "a.json").is_ok() && here.beside("main.json", "../a.json").is_err());
    }
}
