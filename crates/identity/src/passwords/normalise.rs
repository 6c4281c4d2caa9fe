//! The one spelling under which passwords, terms and names are compared.

/// The text in lower case with `0`, `1`, `$` and `@` read as the letters they stand for.
///
/// The documentation of password protection names just these four (`0` is o, `1` is l, `$` is s, `@` is a). Its list
/// stands for "such as", but other substitutions are not disclosed and none is guessed here.
pub fn normalised(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(letter).collect()
}

fn letter(character: char) -> char {
    match character {
        '0' => 'o',
        '1' => 'l',
        '$' => 's',
        '@' => 'a',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_documented_substitutions_are_undone() {
        assert_eq!(normalised("Bl@nk"), "blank");
        assert_eq!(normalised("C0NTO$O"), "contoso");
        assert_eq!(normalised("1l!3"), "ll!3");
    }
}
