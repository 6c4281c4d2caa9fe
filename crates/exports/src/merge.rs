//! Making the documents of many files one set.

use std::collections::BTreeMap;
use std::thread;

use azimuth_diag::{Diagnostic, Place};
use azimuth_ids::DocumentKey;

use crate::document::Imported;
use crate::json::canonical::canonical;

/// One set of documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The documents, sorted by key, each key once.
    pub documents: Vec<Imported>,
    /// One note for each kind of document of which sources disagree, with their number.
    pub diagnostics: Vec<Diagnostic>,
}

/// Merges documents in the order in which they were imported.
///
/// Of several documents with one key the most complete is kept. Among equally complete ones with different
/// content the last is kept, and one note for each kind of document says how many there were and where the
/// first was found. Documents that differ in spelling only (white space, order of members, escapes) are equal.
pub fn merge(imported: Vec<Imported>) -> Merged {
    merge_parallel(imported, 1)
}

/// [`merge`] with the sorting shared among `threads` threads; the result is the same.
pub fn merge_parallel(mut imported: Vec<Imported>, threads: usize) -> Merged {
    let by_key = |left: &Imported, right: &Imported| left.key.cmp(&right.key);
    let share = imported.len().div_ceil(threads.max(1)).max(1);
    if share < imported.len() {
        thread::scope(|scope| {
            for part in imported.chunks_mut(share) {
                scope.spawn(move || part.sort_by(by_key));
            }
        });
    }
    // Stable: equal keys keep the order in which they came. Parts that are sorted already are only merged.
    imported.sort_by(by_key);
    let mut documents: Vec<Imported> = Vec::with_capacity(imported.len());
    let mut conflicts: BTreeMap<String, (usize, DocumentKey, Place, Place)> = BTreeMap::new();
    for document in imported {
        match documents.last_mut() {
            Some(kept) if kept.key == document.key => {
                if document.rank < kept.rank {
                    continue;
                }
                if document.rank == kept.rank && !same_content(&kept.body, &document.body) {
                    let (count, ..) = conflicts.entry(kind_of(&document.key)).or_insert_with(|| {
                        (0, document.key.clone(), kept.place.clone(), document.place.clone())
                    });
                    *count += 1;
                }
                *kept = document;
            }
            _ => documents.push(document),
        }
    }
    let diagnostics = conflicts
        .into_iter()
        .map(|(kind, (count, key, before, after))| {
            let what = if count == 1 { "document differs" } else { "documents differ" };
            let message =
                format!("{count} `{kind}` {what} between sources and the later one is kept; first `{key}`, before at {before}");
            Diagnostic::note("import-conflict", message)
                .at(after)
                .with_hint("import the exports in the order in which they were made, the newest last")
        })
        .collect();
    Merged { documents, diagnostics }
}

fn same_content(left: &str, right: &str) -> bool {
    left == right || matches!((canonical(left), canonical(right)), (Ok(left), Ok(right)) if left == right)
}

/// The resource type, or the collection of other documents.
fn kind_of(key: &DocumentKey) -> String {
    match key.resource_id() {
        Some(id) => id.resource_type().to_string(),
        None => {
            let text = key.as_str();
            text.split(['/', '@']).take(3).collect::<Vec<_>>().join("/")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Completeness::{self, Full, Listed, Stub};

    fn document(id: &str, body: &str, rank: Completeness) -> Imported {
        let place = Place { file: Some(format!("{rank:?}.json")), ..Place::default() };
        Imported { key: DocumentKey::parse(id).unwrap(), body: body.into(), rank, place }
    }

    #[test]
    fn threads_change_nothing() {
        let document = |number: usize| Imported {
            key: DocumentKey::graph(&format!("users/{}", number % 37)).expect("a key"),
            body: format!("{{\"n\":{number}}}").into(),
            rank: if number.is_multiple_of(5) { Stub } else { Full },
            place: Place::default(),
        };
        let all: Vec<Imported> = (0..200).map(document).collect();
        let wanted = merge(all.clone());
        for threads in [0, 2, 3, 7, 500] {
            assert_eq!(merge_parallel(all.clone(), threads), wanted, "{threads}");
        }
    }

    #[test]
    fn completeness_then_order() {
        let group = "/subscriptions/s/resourceGroups/g";
        let merged = merge(vec![
            document(group, "{\"a\":1}", Full),
            document(&group.to_uppercase(), "{\"a\":2}", Listed),
            document("/subscriptions/s", "{}", Stub),
            document("/subscriptions/s", "{\"x\":[1],\"y\":2}", Listed),
            document("/subscriptions/s", "{\"y\":2,\"x\": [1]}", Listed),
        ]);
        let bodies: Vec<_> = merged.documents.iter().map(|d| &*d.body).collect();
        assert_eq!(bodies, ["{\"y\":2,\"x\": [1]}", "{\"a\":1}"]);
        assert!(merged.diagnostics.is_empty());
    }

    #[test]
    fn disagreement_is_told_once_a_kind() {
        let body = |n: u8| format!("{{\"a\":{n}}}");
        let merged = merge(
            (0..4)
                .map(|n| document(&format!("/subscriptions/s/resourceGroups/g{}", n / 2), &body(n), Full))
                .collect(),
        );
        assert_eq!(merged.documents.len(), 2);
        assert_eq!(&*merged.documents[0].body, "{\"a\":1}");
        assert_eq!(merged.diagnostics.len(), 1);
        assert!(merged.diagnostics[0].message.starts_with("2 `"), "{:?}", merged.diagnostics);
    }
}
