//! Where expanded values come from.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::json::{Source, Span};

/// Names an entry of [`Origins`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OriginId(u32);

impl OriginId {
    /// No origin: the value was computed, not written.
    pub const NONE: Self = Self(0);
}

/// Names a frame: the copy loops and nested deployments that a value was expanded in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct FrameId(u32);

/// Names a file known to [`Origins`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId(u32);

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilePlace {
    /// The file, as the user named it.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

impl fmt::Display for FilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One step on the way from a place in a file to an expanded value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Via {
    /// An iteration of a copy loop.
    Copy {
        /// The loop's name.
        name: String,
        /// The iteration, from 0; nothing if the count is only known at run time.
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<u64>,
    },
    /// A nested or linked deployment.
    Deployment {
        /// The deployment's name.
        name: String,
        /// The deployment resource.
        place: FilePlace,
    },
    /// A parameter.
    Parameter {
        /// Its name.
        name: String,
        /// Its value in a parameter file, or its default.
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<FilePlace>,
    },
    /// A variable.
    Variable {
        /// Its name.
        name: String,
        /// Its definition.
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<FilePlace>,
    },
    /// The stored state of a resource.
    Reference {
        /// The resource's id.
        id: String,
    },
    /// The expression that put the value where it is.
    Expression {
        /// Where the expression stands.
        place: FilePlace,
    },
}

/// Where an expanded value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Where the value, or the expression that yields it, is written.
    #[serde(flatten)]
    pub place: FilePlace,
    /// The bytes of that text.
    #[serde(skip)]
    pub span: Span,
    /// How it came from there: enclosing deployments and loops first, then what the expression read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Via>,
}

/// Something that an expression read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Parameter(Arc<str>, OriginId),
    Variable(Arc<str>, OriginId),
    Reference(Arc<str>),
}

#[derive(Clone, Debug)]
struct Entry {
    file: FileId,
    span: Span,
    frame: FrameId,
    reads: Option<Arc<[Read]>>,
    /// Whether the value depends on values given from outside.
    is_given: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Copy { name: Arc<str>, index: Option<u64> },
    Deployment { name: Arc<str>, at: OriginId },
}

/// Most steps of the way that one value came.
const MAX_VIA: usize = 64;

/// The table of all origins of one expansion.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    files: Vec<Arc<Source>>,
    entries: Vec<Entry>,
    frames: Vec<(FrameId, Step)>,
}

impl Origins {
    pub(crate) fn add_file(&mut self, source: &Arc<Source>) -> FileId {
        if let Some(at) = self.files.iter().position(|known| Arc::ptr_eq(known, source)) {
            return FileId(at as u32);
        }
        self.files.push(source.clone());
        FileId(self.files.len() as u32 - 1)
    }

    pub(crate) fn source(&self, file: FileId) -> &Arc<Source> {
        &self.files[file.0 as usize]
    }

    pub(crate) fn add(
        &mut self,
        file: FileId,
        span: Span,
        frame: FrameId,
        reads: Option<Arc<[Read]>>,
    ) -> OriginId {
        self.entries.push(Entry { file, span, frame, reads, is_given: false });
        OriginId(self.entries.len() as u32)
    }

    pub(crate) fn copy_frame(&mut self, parent: FrameId, name: &Arc<str>, index: Option<u64>) -> FrameId {
        self.frames.push((parent, Step::Copy { name: name.clone(), index }));
        FrameId(self.frames.len() as u32)
    }

    pub(crate) fn deployment_frame(&mut self, parent: FrameId, name: Arc<str>, at: OriginId) -> FrameId {
        self.frames.push((parent, Step::Deployment { name, at }));
        FrameId(self.frames.len() as u32)
    }

    /// How many values have an origin.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn entry(&self, id: OriginId) -> Option<&Entry> {
        self.entries.get((id.0 as usize).checked_sub(1)?)
    }

    /// Notes that the value of `id` depends on values given from outside the template.
    pub(crate) fn mark_given(&mut self, id: OriginId) {
        if let Some(entry) = (id.0 as usize).checked_sub(1).and_then(|at| self.entries.get_mut(at)) {
            entry.is_given = true;
        }
    }

    /// Whether the value of `id` is known to depend on values given from outside the template.
    pub(crate) fn is_given(&self, id: OriginId) -> bool {
        self.entry(id).is_some_and(|entry| entry.is_given)
    }

    /// The file and span an origin names.
    pub(crate) fn location(&self, id: OriginId) -> Option<(FileId, Span)> {
        self.entry(id).map(|entry| (entry.file, entry.span))
    }

    /// The files that values came from.
    pub fn files(&self) -> &[Arc<Source>] {
        &self.files
    }

    /// The place an origin names.
    pub fn place(&self, id: OriginId) -> Option<FilePlace> {
        self.entry(id).map(|entry| self.file_place(entry))
    }

    fn file_place(&self, entry: &Entry) -> FilePlace {
        let source = self.source(entry.file);
        let (line, column) = source.position(entry.span.start as usize);
        FilePlace { file: source.file().to_owned(), line, column }
    }

    /// The references to stored state that went into the value of `id`.
    pub(crate) fn references(&self, id: OriginId) -> impl Iterator<Item = &Arc<str>> {
        self.entry(id).and_then(|entry| entry.reads.as_deref()).unwrap_or_default().iter().filter_map(
            |read| match read {
                Read::Reference(id) => Some(id),
                _ => None,
            },
        )
    }

    /// The origin of the value `id` that stands inside the values `outer` (outermost first).
    pub(crate) fn resolve(&self, outer: &[OriginId], id: OriginId) -> Option<Origin> {
        let inner = self.entry(id);
        let holder = outer.iter().rev().find_map(|id| self.entry(*id).map(|entry| (*id, entry)));
        let entry = inner.or(holder.map(|(_, entry)| entry))?;
        let mut via = Vec::new();
        // The frames of the outermost value are those of the resource; inner ones came through expressions.
        let frame_of = outer.iter().find_map(|id| self.entry(*id)).unwrap_or(entry);
        self.push_frames(frame_of.frame, &mut via);
        for id in outer.iter().copied().chain([id]) {
            let Some(step) = self.entry(id) else { continue };
            let Some(reads) = &step.reads else { continue };
            if !std::ptr::eq(step, entry) {
                via.push(Via::Expression { place: self.file_place(step) });
            }
            self.push_reads(reads, &mut via);
        }
        if entry.frame != frame_of.frame {
            let mut more = Vec::new();
            self.push_frames(entry.frame, &mut more);
            more.retain(|step| !via.contains(step));
            via.extend(more);
        }
        Some(Origin { place: self.file_place(entry), span: entry.span, via })
    }

    /// What an expression read, and what the values it read were computed from in turn: parameters of a nested
    /// deployment come from expressions of the template around it.
    fn push_reads(&self, reads: &[Read], via: &mut Vec<Via>) {
        let mut open: Vec<&Read> = reads.iter().rev().collect();
        while let Some(read) = open.pop() {
            let step = self.via(read);
            if via.len() >= MAX_VIA || via.contains(&step) {
                continue;
            }
            via.push(step);
            if let Read::Parameter(_, at) | Read::Variable(_, at) = read {
                let inner = self.entry(*at).and_then(|entry| entry.reads.as_deref());
                open.extend(inner.unwrap_or_default().iter().rev());
            }
        }
    }

    fn push_frames(&self, frame: FrameId, via: &mut Vec<Via>) {
        let start = via.len();
        let mut current = frame;
        while let Some((parent, step)) =
            (current.0 as usize).checked_sub(1).and_then(|at| self.frames.get(at))
        {
            match step {
                Step::Copy { name, index } => {
                    via.push(Via::Copy { name: name.to_string(), index: *index });
                }
                Step::Deployment { name, at } => {
                    if let Some(place) = self.place(*at) {
                        via.push(Via::Deployment { name: name.to_string(), place });
                    }
                }
            }
            current = *parent;
        }
        via[start..].reverse();
    }

    fn via(&self, read: &Read) -> Via {
        match read {
            Read::Parameter(name, at) => Via::Parameter { name: name.to_string(), place: self.place(*at) },
            Read::Variable(name, at) => Via::Variable { name: name.to_string(), place: self.place(*at) },
            Read::Reference(id) => Via::Reference { id: id.to_string() },
        }
    }
}
