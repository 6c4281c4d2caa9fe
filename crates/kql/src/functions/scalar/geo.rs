//! Places on the globe: longitude and latitude in degrees, shapes as GeoJSON.

use crate::functions::{Accepts as A, Function, Parameter, Returns as R, Signature, p, scalar, sig};
use crate::types::ScalarType as T;

const LONGITUDE: Parameter = p("longitude", A::Number);
const LATITUDE: Parameter = p("latitude", A::Number);
const LINE: Parameter = p("line", A::Dynamic);
const POLYGON: Parameter = p("polygon", A::Dynamic);
const CELL: Parameter = p("cell", A::Text);
const LEVEL: Parameter = p("level", A::Number).optional();
const TO_POINT: &[Signature] = &[sig(&[CELL], R::Type(T::Dynamic))];
const TO_CELL: &[Signature] = &[sig(&[LONGITUDE, LATITUDE, LEVEL], R::Type(T::String))];
const SHAPE: &[Signature] = &[sig(&[p("shape", A::Dynamic)], R::Type(T::Dynamic))];
const MEASURE: &[Signature] = &[sig(&[p("shape", A::Dynamic)], R::Type(T::Real))];
const MEET: &[Signature] = &[sig(&[p("left", A::Dynamic), p("right", A::Dynamic)], R::Type(T::Bool))];
const CUT: &[Signature] = &[sig(&[p("left", A::Dynamic), p("right", A::Dynamic)], R::Type(T::Dynamic))];
const TOLERANCE: Parameter = p("tolerance", A::Number).optional();
const SIMPLIFY: &[Signature] = &[sig(&[p("shape", A::Dynamic), TOLERANCE], R::Type(T::Dynamic))];
const DENSIFY: &[Signature] = &[sig(
    &[p("shape", A::Dynamic), TOLERANCE, p("preserve_crossing", A::Type(T::Bool)).optional()],
    R::Type(T::Dynamic),
)];
const BUFFER: &[Signature] =
    &[sig(&[p("shape", A::Dynamic), p("radius", A::Number), TOLERANCE], R::Type(T::Dynamic))];
const POINTS: [Parameter; 4] = [
    p("longitude1", A::Number),
    p("latitude1", A::Number),
    p("longitude2", A::Number),
    p("latitude2", A::Number),
];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "geo_angle",
        &[sig(
            &[
                POINTS[0],
                POINTS[1],
                POINTS[2],
                POINTS[3],
                p("longitude3", A::Number),
                p("latitude3", A::Number),
            ],
            R::Type(T::Real),
        )],
    ),
    scalar("geo_azimuth", &[sig(&POINTS, R::Type(T::Real))]),
    scalar("geo_closest_point_on_line", &[sig(&[LONGITUDE, LATITUDE, LINE], R::Type(T::Dynamic))]),
    scalar("geo_closest_point_on_polygon", &[sig(&[LONGITUDE, LATITUDE, POLYGON], R::Type(T::Dynamic))]),
    scalar("geo_distance_2points", &[sig(&POINTS, R::Type(T::Real))]),
    scalar("geo_distance_point_to_line", &[sig(&[LONGITUDE, LATITUDE, LINE], R::Type(T::Real))]),
    scalar("geo_distance_point_to_polygon", &[sig(&[LONGITUDE, LATITUDE, POLYGON], R::Type(T::Real))]),
    scalar("geo_from_wkt", &[sig(&[p("wkt", A::Text)], R::Type(T::Dynamic))]),
    scalar("geo_geohash_neighbors", TO_POINT),
    scalar("geo_geohash_to_central_point", TO_POINT),
    scalar("geo_geohash_to_polygon", TO_POINT),
    scalar("geo_h3cell_children", &[sig(&[CELL, LEVEL], R::Type(T::Dynamic))]),
    scalar("geo_h3cell_level", &[sig(&[CELL], R::Type(T::Int))]),
    scalar("geo_h3cell_neighbors", TO_POINT),
    scalar("geo_h3cell_parent", &[sig(&[CELL, LEVEL], R::Type(T::String))]),
    scalar("geo_h3cell_rings", &[sig(&[CELL, p("distance", A::Number)], R::Type(T::Dynamic))]),
    scalar("geo_h3cell_to_central_point", TO_POINT),
    scalar("geo_h3cell_to_polygon", TO_POINT),
    scalar("geo_intersection_2lines", CUT),
    scalar("geo_intersection_2polygons", CUT),
    scalar("geo_intersection_line_with_polygon", CUT),
    scalar("geo_intersects_2lines", MEET),
    scalar("geo_intersects_2polygons", MEET),
    scalar("geo_intersects_line_with_polygon", MEET),
    scalar("geo_line_buffer", BUFFER),
    scalar("geo_line_centroid", SHAPE),
    scalar("geo_line_densify", DENSIFY),
    scalar("geo_line_interpolate_point", &[sig(&[LINE, p("fraction", A::Number)], R::Type(T::Dynamic))]),
    scalar("geo_line_length", MEASURE),
    scalar(
        "geo_line_locate_point",
        &[sig(
            &[LINE, LONGITUDE, LATITUDE, p("use_geodesic", A::Type(T::Bool)).optional()],
            R::Type(T::Real),
        )],
    ),
    scalar("geo_line_simplify", SIMPLIFY),
    scalar(
        "geo_line_to_s2cells",
        &[sig(&[LINE, LEVEL, p("radius", A::Number).optional()], R::Type(T::Dynamic))],
    ),
    scalar(
        "geo_point_buffer",
        &[sig(&[LONGITUDE, LATITUDE, p("radius", A::Number), TOLERANCE], R::Type(T::Dynamic))],
    ),
    scalar(
        "geo_point_in_circle",
        &[sig(&[POINTS[0], POINTS[1], POINTS[2], POINTS[3], p("radius", A::Number)], R::Type(T::Bool))],
    ),
    scalar("geo_point_in_polygon", &[sig(&[LONGITUDE, LATITUDE, POLYGON], R::Type(T::Bool))]),
    scalar("geo_point_to_geohash", TO_CELL),
    scalar("geo_point_to_h3cell", TO_CELL),
    scalar("geo_point_to_s2cell", TO_CELL),
    scalar("geo_polygon_area", MEASURE),
    scalar("geo_polygon_buffer", BUFFER),
    scalar("geo_polygon_centroid", SHAPE),
    scalar("geo_polygon_densify", DENSIFY),
    scalar("geo_polygon_perimeter", MEASURE),
    scalar("geo_polygon_simplify", SIMPLIFY),
    scalar("geo_polygon_to_h3cells", &[sig(&[POLYGON, LEVEL], R::Type(T::Dynamic))]),
    scalar(
        "geo_polygon_to_s2cells",
        &[sig(&[POLYGON, LEVEL, p("radius", A::Number).optional()], R::Type(T::Dynamic))],
    ),
    scalar("geo_s2cell_neighbors", TO_POINT),
    scalar("geo_s2cell_to_central_point", TO_POINT),
    scalar("geo_s2cell_to_polygon", TO_POINT),
    scalar(
        "geo_simplify_polygons_array",
        &[sig(&[p("polygons", A::Dynamic), TOLERANCE], R::Type(T::Dynamic))],
    ),
    scalar("geo_union_lines_array", SHAPE),
    scalar("geo_union_polygons_array", SHAPE),
];
