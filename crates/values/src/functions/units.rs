//! Units of measurement: `convert_angle`, `convert_length` and their kin.
//!
//! A unit is a factor to the base unit of its kind; factors are those of the International System and of the 1959
//! agreement on the yard and the pound.

use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::convert;
use crate::functions::math::round_to;
use crate::text;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["convert_angle"], |_: &Context, a| Ok(converted(a, ANGLE))),
    Function::pure(&["convert_energy"], |_: &Context, a| Ok(converted(a, ENERGY))),
    Function::pure(&["convert_force"], |_: &Context, a| Ok(converted(a, FORCE))),
    Function::pure(&["convert_length"], |_: &Context, a| Ok(converted(a, LENGTH))),
    Function::pure(&["convert_mass"], |_: &Context, a| Ok(converted(a, MASS))),
    Function::pure(&["convert_speed"], |_, arguments| convert_speed(arguments)),
    Function::pure(&["convert_temperature"], |_, arguments| Ok(convert_temperature(arguments))),
    Function::pure(&["convert_volume"], |_, arguments| Ok(convert_volume(arguments))),
    Function::pure(&["format_bytes"], |_, arguments| Ok(format_bytes(arguments))),
];

/// Sizes of 1,024 each.
const BYTES: [&str; 7] = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];

/// Degrees.
const ANGLE: &[(&str, f64)] = &[
    ("Arcminute", 1.0 / 60.0),
    ("Arcsecond", 1.0 / 3600.0),
    ("Centiradian", 0.572_957_795_130_823_2),
    ("Deciradian", 5.729_577_951_308_232),
    ("Degree", 1.0),
    ("Gradian", 0.9),
    ("Microdegree", 1e-6),
    ("Microradian", 5.729_577_951_308_232e-5),
    ("Millidegree", 1e-3),
    ("Milliradian", 0.057_295_779_513_082_32),
    ("Nanodegree", 1e-9),
    ("Nanoradian", 5.729_577_951_308_232e-8),
    ("NatoMil", 0.05625),
    ("Radian", 57.295_779_513_082_32),
    ("Revolution", 360.0),
    ("Tilt", 57.295_779_513_082_32),
];

/// Joules.
const ENERGY: &[(&str, f64)] = &[
    ("BritishThermalUnit", 1_055.055_852_62),
    ("Calorie", 4.184),
    ("DecathermEc", 1.055_055_852_62e9),
    ("DecathermImperial", 1.055_055_852_62e9),
    ("DecathermUs", 1.054_804e9),
    ("ElectronVolt", 1.602_176_634e-19),
    ("Erg", 1e-7),
    ("FootPound", 1.355_817_948_331_400_4),
    ("GigabritishThermalUnit", 1.055_055_852_62e12),
    ("GigaelectronVolt", 1.602_176_634e-10),
    ("Gigajoule", 1e9),
    ("GigawattDay", 8.64e13),
    ("GigawattHour", 3.6e12),
    ("HorsepowerHour", 2.684_519_537_696_172_7e6),
    ("Joule", 1.0),
    ("KilobritishThermalUnit", 1.055_055_852_62e6),
    ("Kilocalorie", 4184.0),
    ("KiloelectronVolt", 1.602_176_634e-16),
    ("Kilojoule", 1e3),
    ("KilowattDay", 8.64e7),
    ("KilowattHour", 3.6e6),
    ("MegabritishThermalUnit", 1.055_055_852_62e9),
    ("Megacalorie", 4.184e6),
    ("MegaelectronVolt", 1.602_176_634e-13),
    ("Megajoule", 1e6),
    ("MegawattDay", 8.64e10),
    ("MegawattHour", 3.6e9),
    ("Millijoule", 1e-3),
    ("TeraelectronVolt", 1.602_176_634e-7),
    ("TerawattDay", 8.64e16),
    ("TerawattHour", 3.6e15),
    ("ThermEc", 1.055_055_852_62e8),
    ("ThermImperial", 1.055_055_852_62e8),
    ("ThermUs", 1.054_804e8),
    ("WattDay", 86400.0),
    ("WattHour", 3600.0),
];

/// Newtons.
const FORCE: &[(&str, f64)] = &[
    ("Decanewton", 10.0),
    ("Dyn", 1e-5),
    ("KilogramForce", 9.806_65),
    ("Kilonewton", 1e3),
    ("KiloPond", 9.806_65),
    ("KilopoundForce", 4_448.221_615_260_5),
    ("Meganewton", 1e6),
    ("Micronewton", 1e-6),
    ("Millinewton", 1e-3),
    ("Newton", 1.0),
    ("OunceForce", 0.278_013_850_953_781_2),
    ("Poundal", 0.138_254_954_376),
    ("PoundForce", 4.448_221_615_260_5),
    ("ShortTonForce", 8_896.443_230_521),
    ("TonneForce", 9_806.65),
];

/// Metres.
const LENGTH: &[(&str, f64)] = &[
    ("Angstrom", 1e-10),
    ("AstronomicalUnit", 149_597_870_700.0),
    ("Centimeter", 0.01),
    ("Chain", 20.1168),
    ("DataMile", 1_828.8),
    ("Decameter", 10.0),
    ("Decimeter", 0.1),
    ("DtpPica", 0.004_233_333_333_333_333),
    ("DtpPoint", 0.000_352_777_777_777_777_8),
    ("Fathom", 1.8288),
    ("Foot", 0.3048),
    ("Hand", 0.1016),
    ("Hectometer", 100.0),
    ("Inch", 0.0254),
    ("KilolightYear", 9.460_730_472_580_8e18),
    ("Kilometer", 1000.0),
    ("Kiloparsec", 3.085_677_581_491_367e19),
    ("LightYear", 9.460_730_472_580_8e15),
    ("MegalightYear", 9.460_730_472_580_8e21),
    ("Megaparsec", 3.085_677_581_491_367e22),
    ("Meter", 1.0),
    ("Microinch", 2.54e-8),
    ("Micrometer", 1e-6),
    ("Mil", 2.54e-5),
    ("Mile", 1_609.344),
    ("Millimeter", 0.001),
    ("Nanometer", 1e-9),
    ("NauticalMile", 1852.0),
    ("Parsec", 3.085_677_581_491_367e16),
    ("Shackle", 27.432),
    ("SolarRadius", 695_700_000.0),
    ("Twip", 1.763_888_888_888_889e-5),
    ("UsSurveyFoot", 1200.0 / 3937.0),
    ("Yard", 0.9144),
];

/// Kilograms.
const MASS: &[(&str, f64)] = &[
    ("Centigram", 1e-5),
    ("Decagram", 0.01),
    ("Decigram", 1e-4),
    ("EarthMass", 5.972_2e24),
    ("Grain", 6.479_891e-5),
    ("Gram", 0.001),
    ("Hectogram", 0.1),
    ("Kilogram", 1.0),
    ("Kilopound", 453.592_37),
    ("Kilotonne", 1e6),
    ("LongHundredweight", 50.802_345_44),
    ("LongTon", 1_016.046_908_8),
    ("Megapound", 453_592.37),
    ("Megatonne", 1e9),
    ("Microgram", 1e-9),
    ("Milligram", 1e-6),
    ("Nanogram", 1e-12),
    ("Ounce", 0.028_349_523_125),
    ("Pound", 0.453_592_37),
    ("ShortHundredweight", 45.359_237),
    ("ShortTon", 907.184_74),
    ("Slug", 14.593_902_937_206_364),
    ("SolarMass", 1.988_47e30),
    ("Stone", 6.350_293_18),
    ("Tonne", 1000.0),
];

/// Litres, beside the cubes of [`LENGTH`].
const VOLUME: &[(&str, f64)] = &[
    ("AcreFoot", 1_233_481.837_547_52),
    ("AuTablespoon", 0.02),
    ("BoardFoot", 2.359_737_216),
    ("Centiliter", 0.01),
    ("Deciliter", 0.1),
    ("Hectoliter", 100.0),
    ("ImperialBeerBarrel", 163.659_24),
    ("ImperialGallon", 4.546_09),
    ("ImperialOunce", 0.028_413_062_5),
    ("ImperialPint", 0.568_261_25),
    ("Kiloliter", 1000.0),
    ("Liter", 1.0),
    ("Megaliter", 1e6),
    ("MetricCup", 0.25),
    ("MetricTeaspoon", 0.005),
    ("Microliter", 1e-6),
    ("Milliliter", 0.001),
    ("OilBarrel", 158.987_294_928),
    ("UkTablespoon", 0.015),
    ("UsBeerBarrel", 117.347_765_304),
    ("UsCustomaryCup", 0.236_588_236_5),
    ("UsGallon", 3.785_411_784),
    ("UsLegalCup", 0.24),
    ("UsOunce", 0.029_573_529_562_5),
    ("UsPint", 0.473_176_473),
    ("UsQuart", 0.946_352_946),
    ("UsTablespoon", 0.014_786_764_781_25),
    ("UsTeaspoon", 0.004_928_921_593_75),
];

fn factor(units: &[(&str, f64)], name: &str) -> Option<f64> {
    units.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, factor)| *factor)
}

/// Null for a unit that is not known.
fn converted(arguments: &[Value], units: &[(&str, f64)]) -> Value {
    let unit =
        |index: usize| arguments.get(index).and_then(Value::as_str).and_then(|name| factor(units, name));
    match (convert::to_real(&arguments[0]).as_real(), unit(1), unit(2)) {
        (Some(number), Some(from), Some(to)) => Value::Real(number * from / to),
        _ => Value::Null,
    }
}

/// A length by a time: `MeterPerSecond`, `KilometerPerHour`; and `Knot`, `Mach`.
fn speed(name: &str) -> Option<f64> {
    match name.to_ascii_lowercase().as_str() {
        "knot" => return Some(1852.0 / 3600.0),
        "mach" => return Some(340.29),
        _ => {}
    }
    let lower = name.to_ascii_lowercase();
    let (length, time) = lower.split_once("per")?;
    let seconds = match time {
        "second" => 1.0,
        "minute" => 60.0,
        "hour" => 3600.0,
        _ => return None,
    };
    Some(factor(LENGTH, length)? / seconds)
}

fn convert_speed(arguments: &[Value]) -> Result<Value, Refusal> {
    let unit = |index: usize| arguments.get(index).and_then(Value::as_str).and_then(speed);
    Ok(match (convert::to_real(&arguments[0]).as_real(), unit(1), unit(2)) {
        (Some(number), Some(from), Some(to)) => Value::Real(number * from / to),
        _ => Value::Null,
    })
}

/// A volume in litres: a unit of its own, or the cube of a length.
fn volume(name: &str) -> Option<f64> {
    factor(VOLUME, name).or_else(|| {
        let length =
            name.get(..5).filter(|prefix| prefix.eq_ignore_ascii_case("cubic")).map(|_| &name[5..])?;
        factor(LENGTH, length).map(|metres| metres.powi(3) * 1000.0)
    })
}

fn convert_volume(arguments: &[Value]) -> Value {
    let unit = |index: usize| arguments.get(index).and_then(Value::as_str).and_then(volume);
    match (convert::to_real(&arguments[0]).as_real(), unit(1), unit(2)) {
        (Some(number), Some(from), Some(to)) => Value::Real(number * from / to),
        _ => Value::Null,
    }
}

/// A scale of temperature: what a degree of it is in kelvin, and its zero.
fn scale(name: &str) -> Option<(f64, f64)> {
    Some(match name.to_ascii_lowercase().as_str() {
        "kelvin" => (1.0, 0.0),
        "degreecelsius" => (1.0, 273.15),
        "degreefahrenheit" => (5.0 / 9.0, 273.15 - 32.0 * 5.0 / 9.0),
        "degreerankine" => (5.0 / 9.0, 0.0),
        "degreereaumur" => (1.25, 273.15),
        "degreenewton" => (100.0 / 33.0, 273.15),
        "degreedelisle" => (-2.0 / 3.0, 373.15),
        "degreeroemer" => (40.0 / 21.0, 273.15 - 7.5 * 40.0 / 21.0),
        "millidegreecelsius" => (0.001, 273.15),
        "solartemperature" => (5778.0, 0.0),
        _ => return None,
    })
}

fn convert_temperature(arguments: &[Value]) -> Value {
    let unit = |index: usize| arguments.get(index).and_then(Value::as_str).and_then(scale);
    match (convert::to_real(&arguments[0]).as_real(), unit(1), unit(2)) {
        (Some(number), Some((from, zero)), Some((to, other))) => {
            Value::Real((number * from + zero - other) / to)
        }
        _ => Value::Null,
    }
}

/// `format_bytes(size, precision, units)`: without units the largest that leaves one or more.
fn format_bytes(arguments: &[Value]) -> Value {
    let Some(size) = convert::to_real(&arguments[0]).as_real() else { return Value::Null };
    let precision = arguments.get(1).and_then(Value::as_long).unwrap_or(0).clamp(0, 15) as i32;
    let wanted = arguments.get(2).and_then(Value::as_str).unwrap_or_default();
    let place = match BYTES.iter().position(|unit| unit.eq_ignore_ascii_case(wanted)) {
        Some(place) => place,
        None => (1..BYTES.len()).take_while(|place| size.abs() >= 1024_f64.powi(*place as i32)).count(),
    };
    let number = round_to(size / 1024_f64.powi(place as i32), precision);
    format!("{} {}", text::real(number).trim_end_matches(".0"), BYTES[place]).into()
}

#[cfg(test)]
mod tests {
    use crate::function::function;
    use crate::{Context, Value};

    #[test]
    fn sizes() {
        let call = |arguments: &[Value]| {
            let format = function("format_bytes").unwrap().call;
            format(&Context::new(0, 0), arguments).unwrap().as_str().unwrap().to_owned()
        };
        assert_eq!(call(&[Value::Long(564)]), "564 Bytes");
        assert_eq!(call(&[Value::Long(10_332), Value::Long(1)]), "10.1 KB");
        assert_eq!(call(&[Value::Long(20_010_332)]), "19 MB");
        assert_eq!(call(&[Value::Long(20_010_332), Value::Long(2)]), "19.08 MB");
        assert_eq!(call(&[Value::Long(20_010_332), Value::Long(0), "KB".into()]), "19541 KB");
    }

    #[test]
    fn conversions() {
        for (name, number, from, to, expected) in [
            ("convert_angle", 1.2, "Degree", "Arcminute", 72.0),
            ("convert_length", 1.2, "Meter", "Foot", 3.937_007_874_015_747_7),
            ("convert_speed", 1.2, "MeterPerSecond", "CentimeterPerHour", 432_000.0),
            ("convert_temperature", 1.2, "Kelvin", "DegreeCelsius", -271.95),
            ("convert_volume", 1.2, "CubicMeter", "AcreFoot", 0.000_972_856_305_8),
            ("convert_mass", 1.2, "Kilogram", "Pound", 2.645_547_146_2),
            ("convert_force", 1.2, "Newton", "Kilonewton", 0.0012),
            ("convert_energy", 1.2, "Joule", "BritishThermalUnit", 0.001_137_380_544),
        ] {
            let arguments = [Value::Real(number), from.into(), to.into()];
            let value =
                (function(name).unwrap().call)(&Context::new(0, 0), &arguments).unwrap().as_real().unwrap();
            assert!((value - expected).abs() <= 1e-6 * expected.abs(), "{name}: {value}");
        }
    }
}
