//! `geo_polygon_lookup`, `geo_line_lookup`: rows joined with the shapes that their places lie in or near.

use azimuth_kql::bound::{Expr, ExprKind};
use azimuth_values::Value;
use azimuth_values::functions::geo::{Lines, Point, Region};

use super::Call;
use crate::eval::{Env, eval};
use crate::run::Failure;
use crate::table::{Row, Table, null_of};

/// A shape of the look-up table.
enum Shape {
    Lines(Lines),
    Region(Region),
}

impl Shape {
    fn read(value: &Value, are_polygons: bool) -> Option<Self> {
        if are_polygons { Region::read(value).map(Self::Region) } else { Lines::read(value).map(Self::Lines) }
    }

    /// Within a radius in metres; without one a polygon has to hold the place.
    fn is_at(&self, place: Point, radius: Option<f64>) -> bool {
        match (self, radius) {
            (Self::Region(region), None) => region.contains(place),
            (Self::Region(region), Some(radius)) => region.distance(place) <= radius,
            (Self::Lines(lines), radius) => lines.distance(place) <= radius.unwrap_or(0.0),
        }
    }
}

/// `geo_…_lookup(table, key, longitude, latitude, radius, return_unmatched, lookup_area_radius, return_lookup_key)`: each
/// row with the rows of the table whose shapes it meets. `lookup_area_radius` is a hint of performance.
pub(super) fn lookup(call: &Call<'_>) -> Result<Table, Failure> {
    let (name, input) = (call.evaluate.plugin.name, &call.input);
    let Some(rel) = call.table(0) else { return Err(call.refused("needs a table as its first argument")) };
    let lookup = call.run.table(rel, call.given)?;
    let Some(ExprKind::RightColumn(key)) = call.scalar(1).map(|expr| &expr.kind) else {
        return Err(call.refused("needs a column of the table as its second argument"));
    };
    let (Some(longitude), Some(latitude)) = (call.scalar(2), call.scalar(3)) else {
        return Err(call.refused("needs a longitude and a latitude as its third and fourth argument"));
    };
    let radius = call.named("radius", 4)?.as_real();
    let unmatched = call.named("return_unmatched", 5)?.as_bool() == Some(true);
    let has_key = call.named("return_lookup_key", 7)?.as_bool() == Some(true);
    let key = *key;
    let kept: Vec<usize> =
        (0..lookup.schema.columns.len()).filter(|place| has_key || *place != key).collect();
    let shapes: Vec<(Shape, &Row)> = lookup
        .rows
        .iter()
        .filter_map(|row| Some((Shape::read(row.get(key)?, name == "geo_polygon_lookup")?, row)))
        .collect();
    let nothing: Row = lookup.schema.columns.iter().map(|column| null_of(column.ty)).collect();
    let joined = |row: &Row, other: &Row| -> Row {
        row.iter().cloned().chain(kept.iter().map(|place| other[*place].clone())).collect()
    };
    let mut rows = Vec::new();
    for row in &input.rows {
        let number = |expr: &Expr| Ok::<_, Failure>(eval(expr, &Env::of(call.run, row))?.as_real());
        let place = match (number(longitude)?, number(latitude)?) {
            (Some(longitude), Some(latitude)) => Point::from_degrees(longitude, latitude),
            _ => None,
        };
        let before = rows.len();
        if let Some(place) = place {
            let met = shapes.iter().filter(|(shape, _)| shape.is_at(place, radius));
            rows.extend(met.map(|(_, other)| joined(row, other)));
        }
        if rows.len() == before && unmatched {
            rows.push(joined(row, &nothing));
        }
        call.run.count((rows.len() - before).max(1))?;
    }
    Ok(Table::new(call.schema.clone(), rows))
}

#[cfg(test)]
mod tests {
    use azimuth_kql::bind::MemoryCatalog;
    use azimuth_kql::bound::TableName;
    use azimuth_kql::types::Schema;
    use azimuth_values::{Context, Refusal};

    use super::*;
    use crate::{Limits, Source};

    struct Nothing;

    impl Source for Nothing {
        fn table(&self, name: &TableName, _: &Schema) -> Result<Table, Refusal> {
            Err(Refusal::new(format!("there is no table `{}`", name.table)))
        }
    }

    const SHAPES: &str = r#"
        let areas = datatable(area: string, shape: dynamic)[
            "square", dynamic({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}),
            "nothing", dynamic({"type":"Polygon"})];
        let ways = datatable(way: string, shape: dynamic)[
            "equator", dynamic({"type":"LineString","coordinates":[[0,0],[1,0]]})];
        let places = datatable(longitude: real, latitude: real)[0.5, 0.5, 1.01, 0.5, 700, 0.5, real(null), 0.5];
        places | evaluate "#;

    fn count(plugin: &str) -> usize {
        let context = Context::new(0, 0);
        let text = format!("{SHAPES}{plugin}");
        let (_, tables) =
            crate::query(&text, &MemoryCatalog::default(), &Nothing, &context, Limits::default()).unwrap();
        tables.last().unwrap().rows.len()
    }

    #[test]
    fn places_are_joined_with_what_holds_them() {
        assert_eq!(count("geo_polygon_lookup(areas, shape, longitude, latitude)"), 1);
        assert_eq!(count("geo_polygon_lookup(areas, shape, longitude, latitude, 2000)"), 2);
        let all = "return_unmatched = true, return_lookup_key = true";
        assert_eq!(count(&format!("geo_polygon_lookup(areas, shape, longitude, latitude, {all})")), 4);
        assert_eq!(count("geo_line_lookup(ways, shape, longitude, latitude, 60000)"), 2);
        assert_eq!(count("geo_line_lookup(ways, shape, longitude, latitude, 10)"), 0);
    }
}
