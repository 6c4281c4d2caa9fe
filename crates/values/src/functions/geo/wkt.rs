//! `geo_from_wkt`: shapes written as well-known text.

use super::shape::{collection, geometry, pair};
use crate::function::Function;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[Function::pure(&["geo_from_wkt"], |_, arguments| {
    Ok(geo_from_wkt(arguments).map(Value::dynamic).unwrap_or_default())
})];

/// Collections within collections.
const DEPTH: usize = 32;

fn geo_from_wkt(arguments: &[Value]) -> Option<Json> {
    let mut reader = Reader { rest: arguments[0].as_str()? };
    let shape = reader.shape(DEPTH)?;
    reader.rest.trim_start().is_empty().then_some(shape)
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn taken(&mut self, is_part: impl Fn(char) -> bool) -> &'t str {
        let text = self.rest.trim_start();
        let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
        let (taken, rest) = text.split_at(end);
        self.rest = rest;
        taken
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(mark)?;
        Some(())
    }

    fn shape(&mut self, depth: usize) -> Option<Json> {
        let kind = self.taken(|c| c.is_ascii_alphabetic()).to_ascii_uppercase();
        let (name, coordinates) = match kind.as_str() {
            "POINT" => ("Point", self.enclosed(Self::position)?),
            "LINESTRING" => ("LineString", self.line()?),
            "POLYGON" => ("Polygon", self.lines()?),
            "MULTIPOINT" => ("MultiPoint", self.list(Self::point)?),
            "MULTILINESTRING" => ("MultiLineString", self.lines()?),
            "MULTIPOLYGON" => ("MultiPolygon", self.list(Self::lines)?),
            "GEOMETRYCOLLECTION" => {
                let depth = depth.checked_sub(1)?;
                return match self.list(|reader| reader.shape(depth))? {
                    Json::Array(shapes) => Some(collection(shapes)),
                    _ => None,
                };
            }
            _ => return None,
        };
        Some(geometry(name, coordinates))
    }

    fn enclosed(&mut self, one: impl Fn(&mut Self) -> Option<Json>) -> Option<Json> {
        self.mark('(')?;
        let one = one(self)?;
        self.mark(')')?;
        Some(one)
    }

    fn list(&mut self, one: impl Fn(&mut Self) -> Option<Json>) -> Option<Json> {
        self.mark('(')?;
        let mut items = vec![one(self)?];
        while self.mark(',').is_some() {
            items.push(one(self)?);
        }
        self.mark(')')?;
        Some(Json::Array(items))
    }

    fn lines(&mut self) -> Option<Json> {
        self.list(Self::line)
    }

    fn line(&mut self) -> Option<Json> {
        self.list(Self::position)
    }

    /// A point of several: its parentheses may be missing.
    fn point(&mut self) -> Option<Json> {
        if self.rest.trim_start().starts_with('(') { self.enclosed(Self::position) } else { self.position() }
    }

    fn position(&mut self) -> Option<Json> {
        Some(pair(self.number()?, self.number()?))
    }

    fn number(&mut self) -> Option<f64> {
        let digits = self.taken(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
        digits.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        geo_from_wkt(&[Value::from(text)]).map(|json| json.to_text())
    }

    #[test]
    fn shapes_are_read_in_any_case_and_spacing() {
        let point = Some(r#"{"type":"Point","coordinates":[-1.5,20.0]}"#.to_owned());
        assert_eq!(read("POINT (-1.5 20)"), point);
        assert_eq!(read(" point( -1.5 2e1 ) "), point);
        assert_eq!(read("MULTIPOINT ((1 1), (2 2))"), read("MULTIPOINT (1 1, 2 2)"));
        let square = r#"{"type":"MultiPolygon","coordinates":[[[[0.0,0.0],[2.0,0.0],[2.0,2.0],[0.0,0.0]]]]}"#;
        assert_eq!(read("MULTIPOLYGON (((0 0, 2 0, 2 2, 0 0)))").as_deref(), Some(square));
    }

    #[test]
    fn what_is_not_whole_is_null() {
        for text in [
            "",
            "LINESTRING",
            "POINT (1)",
            "POINT (1 2",
            "POINT (1 2) x",
            "CIRCLE (1 2)",
            "POINT (1 2 3)",
            "POLYGON (1 2)",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"GEOMETRYCOLLECTION (".repeat(1000)), None);
    }
}
