//! From the compiled template back to the Bicep file.
//!
//! The compiler keeps its source map to itself: `--stdout` has the template alone. What the compiled template does
//! keep are names, so a diagnostic can name the declaration it comes from.

use std::fmt;
use std::path::Path;

/// A Bicep file and what it declares.
#[derive(Debug)]
pub(crate) struct BicepText {
    file: String,
    declarations: Vec<Declaration>,
}

#[derive(Debug)]
struct Declaration {
    keyword: Keyword,
    name: String,
    line: usize,
    column: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keyword {
    Param,
    Var,
    /// A resource or module.
    Resource,
    Output,
}

/// Where something is declared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DeclarationPlace<'b> {
    pub(crate) file: &'b str,
    pub(crate) name: &'b str,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl fmt::Display for DeclarationPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, declared at {}:{}:{}", self.name, self.file, self.line, self.column)
    }
}

impl BicepText {
    /// The declarations of a file; `None` if it is no Bicep or cannot be read.
    pub(crate) fn read(file: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(file).ok()?;
        Some(Self::new(&file.display().to_string(), &text))
    }

    fn new(file: &str, text: &str) -> Self {
        let declarations = text.lines().enumerate().filter_map(|(number, line)| declaration(number, line));
        Self { file: file.to_owned(), declarations: declarations.collect() }
    }

    /// The declaration that a JSON path of the compiled template lies in. Resources are found by their symbolic names,
    /// which the compiler keeps for templates of language version 2.0.
    pub(crate) fn declaration(&self, path: &str) -> Option<DeclarationPlace<'_>> {
        let (section, rest) = path.strip_prefix("$.")?.split_once(['.', '['])?;
        let keyword = match section {
            "parameters" => Keyword::Param,
            "variables" => Keyword::Var,
            "resources" => Keyword::Resource,
            "outputs" => Keyword::Output,
            _ => return None,
        };
        let name = rest.split(['.', '[']).next().filter(|name| !name.is_empty())?;
        let found = self
            .declarations
            .iter()
            .find(|declaration| declaration.keyword == keyword && declaration.name == name)?;
        Some(DeclarationPlace { file: &self.file, name: &found.name, line: found.line, column: found.column })
    }
}

fn declaration(number: usize, line: &str) -> Option<Declaration> {
    let (word, rest) = line.trim_start().split_once(char::is_whitespace)?;
    let keyword = match word {
        "param" => Keyword::Param,
        "var" => Keyword::Var,
        "resource" | "module" => Keyword::Resource,
        "output" => Keyword::Output,
        _ => return None,
    };
    let rest = rest.trim_start();
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let column = line[..line.len() - rest.len()].chars().count() + 1;
    (!name.is_empty()).then_some(Declaration { keyword, name, line: number + 1, column })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_declarations() {
        let text = "param prefix string\n\n  resource st 'Microsoft.Storage/storageAccounts@2023-01-01' = {\n}\nmodule net './net.bicep' = {}\n";
        let bicep = BicepText::new("main.bicep", text);
        let at = |path: &str| bicep.declaration(path).map(|place| (place.line, place.column));
        assert_eq!(at("$.resources.st.properties.x"), Some((3, 12)));
        assert_eq!(at("$.resources.net"), Some((5, 8)));
        assert_eq!(at("$.parameters.prefix.defaultValue"), Some((1, 7)));
        assert_eq!(at("$.resources[0].name"), None);
        assert_eq!(at("$.variables.prefix"), None);
    }
}
