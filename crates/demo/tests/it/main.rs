//! The generated files from outside: what a reader of the export sees.

mod checker;
mod estate;
mod files;
mod integrity;
mod planted;
