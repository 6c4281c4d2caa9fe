//! The files of the built-in pack.

/// Name and text of every file in `rules/`, in order of names.
pub(crate) const FILES: &[(&str, &str)] =
    &[("AZ-STORAGE-001.json", include_str!("../rules/AZ-STORAGE-001.json"))];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The list is the folder. `AZIMUTH_UPDATE=1 cargo test -p azimuth-preflight` writes it.
    #[test]
    fn the_list_names_every_file() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut names: Vec<String> = std::fs::read_dir(root.join("rules"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".json"))
            .collect();
        names.sort();
        let listed: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        if listed != names && std::env::var_os("AZIMUTH_UPDATE").is_some() {
            let path = root.join("src/rules.rs");
            let text = std::fs::read_to_string(&path).unwrap();
            let start = text.find("&[\n").unwrap() + 3;
            let end = start + text[start..].find("];").unwrap();
            let lines: String = names
                .iter()
                .map(|name| format!("    (\"{name}\", include_str!(\"../rules/{name}\")),\n"))
                .collect();
            std::fs::write(&path, format!("{}{lines}{}", &text[..start], &text[end..])).unwrap();
            panic!("`src/rules.rs` was out of date and has been written; run the tests again");
        }
        assert_eq!(listed, names, "run with AZIMUTH_UPDATE=1 to write the list");
    }
}
