//! Places on the globe: longitude and latitude in degrees, lengths in metres, shapes as GeoJSON.

use crate::functions::{Accepts as A, Function, Parameter, Returns as R, Signature, p, scalar, sig};
use crate::types::ScalarType as T;

const LONGITUDE: Parameter = p("longitude", A::Number);
const LATITUDE: Parameter = p("latitude", A::Number);
const LINE: Parameter = p("line", A::Bag);
const POLYGON: Parameter = p("polygon", A::Bag);
const LEVEL: Parameter = p("level", A::Number).optional();
const RESOLUTION: Parameter = p("resolution", A::Number).optional();
const RADIUS: Parameter = p("radius", A::Number);
const TOLERANCE: Parameter = p("tolerance", A::Number).optional();
/// Whether lengths follow the spheroid, not the sphere.
const SPHEROID: Parameter = p("use_spheroid", A::NumberOrBool).optional();
const CROSSING: Parameter = p("preserve_crossing", A::NumberOrBool).optional();
const POINTS: [Parameter; 4] = [
    p("p1_longitude", A::Number),
    p("p1_latitude", A::Number),
    p("p2_longitude", A::Number),
    p("p2_latitude", A::Number),
];

const OF_CELL: &[Signature] = &[sig(&[p("cell", A::Text)], R::Bag)];
const NEIGHBOURS: &[Signature] = &[sig(&[p("cell", A::Text)], R::Array)];
const POINT_AND_LINE: &[Signature] = &[sig(&[LONGITUDE, LATITUDE, LINE], R::Bag)];
const POINT_AND_POLYGON: &[Signature] = &[sig(&[LONGITUDE, LATITUDE, POLYGON], R::Bag)];
const SHAPE: &[Signature] = &[sig(&[p("shape", A::Bag)], R::Bag)];
const SHAPES: &[Signature] = &[sig(&[p("shapes", A::Array)], R::Bag)];
const MEASURE: &[Signature] = &[sig(&[p("shape", A::Bag)], R::Type(T::Real))];
const MEET: &[Signature] = &[sig(&[p("left", A::Bag), p("right", A::Bag)], R::Type(T::Bool))];
const CUT: &[Signature] = &[sig(&[p("left", A::Bag), p("right", A::Bag)], R::Bag)];
const SIMPLIFY: &[Signature] = &[sig(&[p("shape", A::Bag), TOLERANCE], R::Bag)];
const DENSIFY: &[Signature] = &[sig(&[p("shape", A::Bag), TOLERANCE, CROSSING], R::Bag)];
const BUFFER: &[Signature] = &[sig(&[p("shape", A::Bag), RADIUS, TOLERANCE], R::Bag)];
const COVER: &[Signature] = &[sig(&[p("shape", A::Bag), LEVEL, p("radius", A::Number).optional()], R::Array)];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "geo_angle",
        &[sig(
            &[
                POINTS[0],
                POINTS[1],
                POINTS[2],
                POINTS[3],
                p("p3_longitude", A::Number),
                p("p3_latitude", A::Number),
            ],
            R::Type(T::Real),
        )],
    ),
    scalar("geo_azimuth", &[sig(&POINTS, R::Type(T::Real))]),
    scalar("geo_closest_point_on_line", POINT_AND_LINE),
    scalar("geo_closest_point_on_polygon", POINT_AND_POLYGON),
    scalar(
        "geo_distance_2points",
        &[sig(&[POINTS[0], POINTS[1], POINTS[2], POINTS[3], SPHEROID], R::Type(T::Real))],
    ),
    scalar("geo_distance_point_to_line", &[sig(&[LONGITUDE, LATITUDE, LINE], R::Type(T::Real))]),
    scalar("geo_distance_point_to_polygon", &[sig(&[LONGITUDE, LATITUDE, POLYGON], R::Type(T::Real))]),
    scalar("geo_from_wkt", &[sig(&[p("wkt", A::TextOrArray)], R::Bag)]),
    scalar("geo_geohash_neighbors", NEIGHBOURS),
    scalar("geo_geohash_to_central_point", OF_CELL),
    scalar("geo_geohash_to_polygon", OF_CELL),
    scalar("geo_h3cell_children", &[sig(&[p("cell", A::Text), RESOLUTION], R::Array)]),
    scalar("geo_h3cell_level", &[sig(&[p("cell", A::Text)], R::Type(T::Int))]),
    scalar("geo_h3cell_neighbors", NEIGHBOURS),
    scalar("geo_h3cell_parent", &[sig(&[p("cell", A::Text), RESOLUTION], R::Type(T::String))]),
    scalar("geo_h3cell_rings", &[sig(&[p("cell", A::Text), p("distance", A::Number)], R::Array)]),
    scalar("geo_h3cell_to_central_point", OF_CELL),
    scalar("geo_h3cell_to_polygon", OF_CELL),
    scalar("geo_intersection_2lines", CUT),
    scalar("geo_intersection_2polygons", CUT),
    scalar("geo_intersection_line_with_polygon", CUT),
    scalar("geo_intersects_2lines", MEET),
    scalar("geo_intersects_2polygons", MEET),
    scalar("geo_intersects_line_with_polygon", MEET),
    scalar("geo_line_buffer", BUFFER),
    scalar("geo_line_centroid", SHAPE),
    scalar("geo_line_densify", DENSIFY),
    scalar("geo_line_interpolate_point", &[sig(&[LINE, p("fraction", A::Number)], R::Bag)]),
    scalar("geo_line_length", MEASURE),
    scalar("geo_line_locate_point", &[sig(&[LINE, LONGITUDE, LATITUDE, SPHEROID], R::Type(T::Real))]),
    scalar("geo_line_simplify", SIMPLIFY),
    scalar("geo_line_to_s2cells", COVER),
    scalar("geo_point_buffer", &[sig(&[LONGITUDE, LATITUDE, RADIUS, TOLERANCE], R::Bag)]),
    scalar(
        "geo_point_in_circle",
        &[sig(&[POINTS[0], POINTS[1], POINTS[2], POINTS[3], RADIUS], R::Type(T::Bool))],
    ),
    scalar("geo_point_in_polygon", &[sig(&[LONGITUDE, LATITUDE, POLYGON], R::Type(T::Bool))]),
    scalar(
        "geo_point_to_geohash",
        &[sig(&[LONGITUDE, LATITUDE, p("accuracy", A::Number).optional()], R::Type(T::String))],
    ),
    scalar("geo_point_to_h3cell", &[sig(&[LONGITUDE, LATITUDE, RESOLUTION], R::Type(T::String))]),
    scalar("geo_point_to_s2cell", &[sig(&[LONGITUDE, LATITUDE, LEVEL], R::Type(T::String))]),
    scalar("geo_polygon_area", MEASURE),
    scalar("geo_polygon_buffer", BUFFER),
    scalar("geo_polygon_centroid", SHAPE),
    scalar("geo_polygon_densify", DENSIFY),
    scalar("geo_polygon_perimeter", MEASURE),
    scalar("geo_polygon_simplify", SIMPLIFY),
    scalar("geo_polygon_to_h3cells", COVER),
    scalar("geo_polygon_to_s2cells", COVER),
    scalar("geo_s2cell_neighbors", NEIGHBOURS),
    scalar("geo_s2cell_to_central_point", OF_CELL),
    scalar("geo_s2cell_to_polygon", OF_CELL),
    scalar("geo_simplify_polygons_array", &[sig(&[p("polygons", A::Array), TOLERANCE], R::Bag)]),
    scalar("geo_union_lines_array", SHAPES),
    scalar("geo_union_polygons_array", SHAPES),
];
