//! Lengths on the spheroid of WGS 84, by Vincenty's inverse formula.

use super::sphere::Point;

/// Metres from the centre to the equator.
const EQUATOR: f64 = 6_378_137.0;
/// How much shorter the way to the poles is.
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// Steps of the iteration; between nearly antipodal points it does not end.
const STEPS: usize = 200;

/// Metres between two places. Between nearly antipodal ones it is the distance on the sphere.
pub(super) fn distance(a: Point, b: Point) -> f64 {
    vincenty(a, b).unwrap_or_else(|| a.angle(b) * super::sphere::EARTH_RADIUS)
}

fn vincenty(a: Point, b: Point) -> Option<f64> {
    let pole = EQUATOR * (1.0 - FLATTENING);
    let reduced = |point: Point| {
        let latitude = point.z.atan2((point.x * point.x + point.y * point.y).sqrt());
        ((1.0 - FLATTENING) * latitude.tan()).atan()
    };
    let ((sin_a, cos_a), (sin_b, cos_b)) = (reduced(a).sin_cos(), reduced(b).sin_cos());
    let longitudes = (a.x * b.y - a.y * b.x).atan2(a.x * b.x + a.y * b.y);
    let mut lambda = longitudes;
    for _ in 0..STEPS {
        let (sin_lambda, cos_lambda) = lambda.sin_cos();
        let sin_sigma = (cos_b * sin_lambda).hypot(cos_a * sin_b - sin_a * cos_b * cos_lambda);
        if sin_sigma == 0.0 {
            return Some(0.0);
        }
        let cos_sigma = sin_a * sin_b + cos_a * cos_b * cos_lambda;
        let sigma = sin_sigma.atan2(cos_sigma);
        let sin_alpha = cos_a * cos_b * sin_lambda / sin_sigma;
        let square = 1.0 - sin_alpha * sin_alpha;
        let middle = if square > 0.0 { cos_sigma - 2.0 * sin_a * sin_b / square } else { 0.0 };
        let c = FLATTENING / 16.0 * square * (4.0 + FLATTENING * (4.0 - 3.0 * square));
        let curve = 2.0 * middle * middle - 1.0;
        let before = lambda;
        lambda = longitudes
            + (1.0 - c) * FLATTENING * sin_alpha * (sigma + c * sin_sigma * (middle + c * cos_sigma * curve));
        if (lambda - before).abs() < 1e-12 {
            let u = square * (EQUATOR * EQUATOR - pole * pole) / (pole * pole);
            let scale = 1.0 + u / 16_384.0 * (4_096.0 + u * (-768.0 + u * (320.0 - 175.0 * u)));
            let shift = u / 1_024.0 * (256.0 + u * (-128.0 + u * (74.0 - 47.0 * u)));
            let last =
                shift / 6.0 * middle * (4.0 * sin_sigma * sin_sigma - 3.0) * (4.0 * middle * middle - 3.0);
            let correction = shift * sin_sigma * (middle + shift / 4.0 * (cos_sigma * curve - last));
            return Some(pole * scale * (sigma - correction));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_equator_is_longer_than_a_meridian() {
        let metres = |longitude, latitude| {
            distance(
                Point::from_degrees(0.0, 0.0).unwrap(),
                Point::from_degrees(longitude, latitude).unwrap(),
            )
        };
        assert!((metres(1.0, 0.0) - 111_319.491).abs() < 0.001);
        assert!((metres(0.0, 1.0) - 110_574.389).abs() < 0.001);
        assert_eq!(metres(0.0, 0.0), 0.0);
        assert!(metres(180.0, 0.1) > 1.9e7);
    }
}
