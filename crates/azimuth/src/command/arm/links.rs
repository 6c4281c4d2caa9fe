//! Linked templates from files. Nothing is ever fetched.

use std::path::{Path, PathBuf};

use azimuth_arm::{Link, LoadError, Loaded, Loader};
use azimuth_ids::eq_fold;

use super::template::read_text;
use crate::exit::Failure;

/// Loads linked templates from files beside the linking one, and from where the user says that URIs lie.
#[derive(Debug, Default)]
pub(super) struct FileLinks {
    /// URI or template spec id, and the file or folder that stands for it; the longest first.
    mappings: Vec<(String, PathBuf)>,
}

impl FileLinks {
    /// Reads `--link URI=PATH` arguments.
    pub(super) fn new(arguments: &[String]) -> Result<Self, Failure> {
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
        Ok(Self { mappings })
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
            Link::RelativePath(path) => beside(from, path),
            Link::Uri(uri) => match self.mapped(uri) {
                Some(path) => path,
                None => local(from, uri)?,
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

/// A URI that is a local path after all.
fn local(from: &str, uri: &str) -> Result<PathBuf, LoadError> {
    if let Some(path) = uri.strip_prefix("file://") {
        return Ok(PathBuf::from(path));
    }
    if uri.contains("://") {
        let uri = without_query(uri);
        let reason = format!("nothing is fetched; say where it lies with `--link {uri}=PATH`");
        return Err(LoadError { reason });
    }
    Ok(beside(from, uri))
}

fn beside(from: &str, path: &str) -> PathBuf {
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    folder.join(path.trim_start_matches("./"))
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
}
