//! Arrays of numbers that stand for a series.

use crate::functions::{Accepts as A, Function, Naming, Parameter, Returns as R, Signature, p, scalar, sig};
use crate::types::ScalarType as T;

const SERIES: Parameter = p("series", A::Dynamic);
const ONE: &[Signature] = &[sig(&[SERIES], R::Type(T::Dynamic))];
const TWO: &[Signature] = &[sig(&[p("left", A::Any), p("right", A::Any)], R::Type(T::Dynamic))];
const REAL2: &[Signature] = &[sig(&[p("left", A::Any), p("right", A::Any)], R::Type(T::Real))];
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
const SEASON: Parameter = p("seasonality", A::Number).optional();
const TREND: Parameter = p("trend", A::Text).optional();
const POINTS: Parameter = p("test_points", A::Integer).optional();
const LIMIT: Parameter = p("seasonality_threshold", A::Number).optional();

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("series_abs", ONE),
    scalar("series_acos", ONE),
    scalar("series_add", TWO),
    scalar("series_asin", ONE),
    scalar("series_atan", ONE),
    scalar("series_ceiling", ONE),
    scalar("series_cos", ONE),
    scalar(
        "series_cosine_similarity",
        &[sig(
            &[p("left", A::Dynamic), p("right", A::Dynamic), p("magnitude", A::Number).times(0, 2)],
            R::Type(T::Real),
        )],
    ),
    scalar(
        "series_decompose",
        &[sig(
            &[SERIES, SEASON, TREND, POINTS, LIMIT],
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
                SEASON,
                TREND,
                POINTS,
                p("method", A::Text).optional(),
                LIMIT,
            ],
            R::Columns(&[("ad_flag", T::Dynamic), ("ad_score", T::Dynamic), ("baseline", T::Dynamic)]),
        )],
    ),
    scalar(
        "series_decompose_forecast",
        &[sig(
            &[SERIES, p("points", A::Integer), SEASON, TREND, LIMIT],
            R::Columns(&[
                ("forecast", T::Dynamic),
                ("seasonal", T::Dynamic),
                ("trend", T::Dynamic),
                ("residual", T::Dynamic),
            ]),
        )],
    ),
    scalar("series_divide", TWO),
    scalar("series_dot_product", REAL2),
    scalar("series_equals", TWO),
    scalar("series_exp", ONE),
    scalar(
        "series_fft",
        &[sig(
            &[SERIES, p("imaginary", A::Dynamic).optional()],
            R::Columns(&[("real", T::Dynamic), ("imag", T::Dynamic)]),
        )],
    ),
    scalar("series_fill_backward", &[sig(&[SERIES, p("missing", A::Any).optional()], R::Type(T::Dynamic))])
        .named(Naming::FirstArgument),
    scalar(
        "series_fill_const",
        &[sig(&[SERIES, p("constant", A::Any), p("missing", A::Any).optional()], R::Type(T::Dynamic))],
    )
    .named(Naming::FirstArgument),
    scalar("series_fill_forward", &[sig(&[SERIES, p("missing", A::Any).optional()], R::Type(T::Dynamic))])
        .named(Naming::FirstArgument),
    scalar(
        "series_fill_linear",
        &[sig(
            &[
                SERIES,
                p("missing", A::Any).optional(),
                p("fill_edges", A::Type(T::Bool)).optional(),
                p("constant", A::Any).optional(),
            ],
            R::Type(T::Dynamic),
        )],
    )
    .named(Naming::FirstArgument),
    scalar(
        "series_fir",
        &[sig(
            &[
                SERIES,
                p("filter", A::Dynamic),
                p("normalise", A::Type(T::Bool)).optional(),
                p("centre", A::Type(T::Bool)).optional(),
            ],
            R::Type(T::Dynamic),
        )],
    )
    .named(Naming::FirstArgument),
    scalar("series_fit_2lines", &[sig(&[SERIES], R::Columns(TWO_LINES))]),
    scalar("series_fit_2lines_dynamic", ONE),
    scalar("series_fit_line", &[sig(&[SERIES], R::Columns(LINE))]),
    scalar("series_fit_line_dynamic", ONE),
    scalar("series_floor", ONE),
    scalar("series_greater", TWO),
    scalar("series_greater_equals", TWO),
    scalar(
        "series_ifft",
        &[sig(
            &[SERIES, p("imaginary", A::Dynamic).optional()],
            R::Columns(&[("real", T::Dynamic), ("imag", T::Dynamic)]),
        )],
    ),
    scalar(
        "series_iir",
        &[sig(&[SERIES, p("numerators", A::Dynamic), p("denominators", A::Dynamic)], R::Type(T::Dynamic))],
    )
    .named(Naming::FirstArgument),
    scalar("series_less", TWO),
    scalar("series_less_equals", TWO),
    scalar("series_log", ONE),
    scalar("series_magnitude", &[sig(&[SERIES], R::Type(T::Real))]),
    scalar("series_multiply", TWO),
    scalar("series_not_equals", TWO),
    scalar(
        "series_outliers",
        &[sig(
            &[
                SERIES,
                p("kind", A::Text).optional(),
                p("ignored", A::Number).optional(),
                p("low", A::Number).optional(),
                p("high", A::Number).optional(),
            ],
            R::Type(T::Dynamic),
        )],
    )
    .named(Naming::FirstArgument),
    scalar("series_pearson_correlation", REAL2),
    scalar(
        "series_periods_detect",
        &[sig(
            &[SERIES, p("shortest", A::Number), p("longest", A::Number), p("count", A::Integer)],
            R::Columns(&[("periods", T::Dynamic), ("scores", T::Dynamic)]),
        )],
    ),
    scalar(
        "series_periods_validate",
        &[sig(
            &[SERIES, p("period", A::Number).repeated(1)],
            R::Columns(&[("periods", T::Dynamic), ("scores", T::Dynamic)]),
        )],
    ),
    scalar("series_pow", TWO),
    scalar("series_product", &[sig(&[SERIES], R::Type(T::Real))]),
    scalar("series_seasonal", &[sig(&[SERIES, SEASON, POINTS], R::Type(T::Dynamic))]),
    scalar("series_sign", ONE),
    scalar("series_sin", ONE),
    scalar(
        "series_stats",
        &[sig(&[SERIES, p("ignore_nonfinite", A::Type(T::Bool)).optional()], R::Columns(STATS))],
    ),
    scalar(
        "series_stats_dynamic",
        &[sig(&[SERIES, p("ignore_nonfinite", A::Type(T::Bool)).optional()], R::Type(T::Dynamic))],
    ),
    scalar("series_subtract", TWO),
    scalar("series_sum", &[sig(&[SERIES], R::Type(T::Real))]),
    scalar("series_tan", ONE),
];
