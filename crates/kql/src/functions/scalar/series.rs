//! Arrays of numbers that stand for a series.

use crate::functions::{Accepts as A, Function, Naming, Parameter, Returns as R, Signature, p, scalar, sig};
use crate::types::ScalarType as T;

const SERIES: Parameter = p("series", A::Array);
const IMAGINARY: Parameter = p("series_imaginary", A::Array).optional();
/// Series whose elements keep their types.
const KEPT: &[Signature] = &[sig(&[SERIES], R::Argument(0))];
const ONE: &[Signature] = &[sig(&[SERIES], R::Array)];
const NUMBER: &[Signature] = &[sig(&[SERIES], R::Type(T::Real))];
const SUMMARY: &[Signature] = &[sig(&[SERIES], R::Bag)];
/// Two series, or a series and a number for each of its elements.
const TWO: &[Signature] = &[
    sig(&[p("series1", A::Array), p("series2", A::Array)], R::Array),
    sig(&[p("series1", A::Array), p("series2", A::Number)], R::Array),
    sig(&[p("series1", A::Number), p("series2", A::Array)], R::Array),
];
const PRODUCT: &[Signature] = &[
    sig(&[p("series1", A::Array), p("series2", A::Array)], R::Type(T::Real)),
    sig(&[p("series1", A::Array), p("series2", A::Number)], R::Type(T::Real)),
    sig(&[p("series1", A::Number), p("series2", A::Array)], R::Type(T::Real)),
];
const STATS: &[(&str, T)] = &[
    ("min", T::Real),
    ("min_idx", T::Long),
    ("max", T::Real),
    ("max_idx", T::Long),
    ("avg", T::Real),
    ("stdev", T::Real),
    ("variance", T::Real),
];
const LINE: &[(&str, T)] = &[
    ("rsquare", T::Real),
    ("slope", T::Real),
    ("variance", T::Real),
    ("rvariance", T::Real),
    ("interception", T::Real),
    ("line_fit", T::Dynamic),
];
const TWO_LINES: &[(&str, T)] = &[
    ("rsquare", T::Real),
    ("split_idx", T::Long),
    ("variance", T::Real),
    ("rvariance", T::Real),
    ("line_fit", T::Dynamic),
    ("right_rsquare", T::Real),
    ("right_slope", T::Real),
    ("right_interception", T::Real),
    ("right_variance", T::Real),
    ("right_rvariance", T::Real),
    ("left_rsquare", T::Real),
    ("left_slope", T::Real),
    ("left_interception", T::Real),
    ("left_variance", T::Real),
    ("left_rvariance", T::Real),
];
const POLYNOMIAL: &[(&str, T)] = &[
    ("rsquare", T::Real),
    ("coefficients", T::Dynamic),
    ("variance", T::Real),
    ("rvariance", T::Real),
    ("poly_fit", T::Dynamic),
];
const ANOMALIES: &[(&str, T)] =
    &[("ad_flag", T::Dynamic), ("ad_score", T::Dynamic), ("baseline", T::Dynamic)];
const COMPLEX: &[(&str, T)] = &[("real", T::Dynamic), ("imag", T::Dynamic)];
const PERIODS: &[(&str, T)] = &[("periods", T::Dynamic), ("scores", T::Dynamic)];
const PERIOD: Parameter = p("period", A::Integer).optional();
const TREND: Parameter = p("trend", A::Text).optional();
const POINTS: Parameter = p("test_points", A::Integer).optional();
const LIMIT: Parameter = p("seasonality_threshold", A::Number).optional();
const MISSING: Parameter = p("missing_value_placeholder", A::Number).optional();
const FILL: &[Signature] = &[sig(&[SERIES, MISSING], R::Argument(0))];
const FINITE: Parameter = p("ignore_nonfinite", A::Type(T::Bool)).constant().optional();

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("series_abs", KEPT),
    scalar("series_acos", ONE),
    scalar("series_add", TWO),
    scalar("series_asin", ONE),
    scalar("series_atan", ONE),
    scalar("series_ceiling", KEPT),
    scalar("series_cos", ONE),
    scalar(
        "series_cosine_similarity",
        &[sig(
            &[
                p("series1", A::Array),
                p("series2", A::Array),
                p("series1_magnitude", A::Type(T::Real)).optional(),
                p("series2_magnitude", A::Type(T::Real)).optional(),
            ],
            R::Type(T::Real),
        )],
    ),
    scalar(
        "series_decompose",
        &[sig(
            &[SERIES, PERIOD, TREND, POINTS, LIMIT],
            R::Columns(&[
                ("baseline", T::Dynamic),
                ("seasonal", T::Dynamic),
                ("trend", T::Dynamic),
                ("residual", T::Dynamic),
            ]),
        )],
    ),
    scalar(
        "series_decompose_anomalies",
        &[sig(
            &[
                SERIES,
                p("threshold", A::Number).optional(),
                PERIOD,
                TREND,
                POINTS,
                p("method", A::Text).optional(),
                LIMIT,
            ],
            R::Columns(ANOMALIES),
        )],
    ),
    scalar(
        "series_decompose_forecast",
        &[sig(
            &[SERIES, p("test_points", A::Integer), PERIOD, TREND, LIMIT],
            R::Columns(&[
                ("baseline", T::Dynamic),
                ("seasonal", T::Dynamic),
                ("trend", T::Dynamic),
                ("residual", T::Dynamic),
            ]),
        )],
    ),
    scalar("series_divide", TWO),
    scalar("series_dot_product", PRODUCT),
    scalar("series_equals", TWO),
    scalar("series_exp", ONE),
    scalar("series_fft", &[sig(&[SERIES, IMAGINARY], R::Columns(COMPLEX))]),
    scalar("series_fill_backward", FILL).named(Naming::FirstArgument),
    scalar(
        "series_fill_const",
        &[sig(&[SERIES, p("constant_value", A::Number).optional(), MISSING], R::Argument(0))],
    )
    .named(Naming::FirstArgument),
    scalar("series_fill_forward", FILL).named(Naming::FirstArgument),
    scalar(
        "series_fill_linear",
        &[sig(
            &[
                SERIES,
                MISSING,
                p("fill_edges", A::Type(T::Bool)).optional(),
                p("constant_value", A::Number).optional(),
            ],
            R::Argument(0),
        )],
    )
    .named(Naming::FirstArgument),
    scalar(
        "series_fir",
        &[sig(
            &[
                SERIES,
                p("filter", A::Array),
                p("normalize", A::Type(T::Bool)).optional(),
                p("center", A::Type(T::Bool)).optional(),
            ],
            R::Array,
        )],
    )
    .named(Naming::FirstArgument),
    scalar("series_fit_2lines", &[sig(&[SERIES], R::Columns(TWO_LINES))]),
    scalar("series_fit_2lines_dynamic", SUMMARY),
    scalar("series_fit_line", &[sig(&[SERIES], R::Columns(LINE))]),
    scalar("series_fit_line_dynamic", SUMMARY),
    scalar(
        "series_fit_poly",
        &[sig(
            &[
                p("y_series", A::Array),
                p("x_series", A::Array).optional(),
                p("degree", A::Integer).optional(),
            ],
            R::Columns(POLYNOMIAL),
        )],
    ),
    scalar("series_floor", ONE),
    scalar("series_greater", TWO),
    scalar("series_greater_equals", TWO),
    scalar("series_ifft", &[sig(&[SERIES, IMAGINARY], R::Columns(COMPLEX))]),
    scalar("series_iir", &[sig(&[SERIES, p("numerators", A::Array), p("denominators", A::Array)], R::Array)])
        .named(Naming::FirstArgument),
    scalar("series_less", TWO),
    scalar("series_less_equals", TWO),
    scalar("series_log", ONE),
    scalar("series_magnitude", NUMBER),
    scalar("series_multiply", TWO),
    scalar("series_not_equals", TWO),
    scalar(
        "series_outliers",
        &[sig(
            &[
                SERIES,
                p("kind", A::Text).optional(),
                p("ignore_val", A::Number).optional(),
                p("min_percentile", A::Number).optional(),
                p("max_percentile", A::Number).optional(),
                POINTS,
            ],
            R::Argument(0),
        )],
    )
    .named(Naming::FirstArgument),
    scalar(
        "series_pearson_correlation",
        &[sig(&[p("series1", A::Array), p("series2", A::Array)], R::Type(T::Real))],
    ),
    scalar(
        "series_periods_detect",
        &[sig(
            &[
                SERIES,
                p("min_period", A::Number),
                p("max_period", A::Number),
                p("num_periods", A::Type(T::Long)),
            ],
            R::Columns(PERIODS),
        )],
    ),
    scalar(
        "series_periods_validate",
        &[sig(&[SERIES, p("period", A::Number).times(1, 16)], R::Columns(PERIODS))],
    ),
    scalar("series_pow", TWO),
    scalar("series_product", NUMBER),
    scalar("series_seasonal", &[sig(&[SERIES, PERIOD, POINTS], R::Array)]),
    scalar("series_sign", ONE),
    scalar("series_sin", ONE),
    scalar("series_stats", &[sig(&[SERIES, FINITE], R::Columns(STATS))]),
    scalar("series_stats_dynamic", &[sig(&[SERIES, FINITE], R::Bag)]),
    scalar("series_subtract", TWO),
    scalar("series_sum", NUMBER),
    scalar("series_tan", ONE),
];
