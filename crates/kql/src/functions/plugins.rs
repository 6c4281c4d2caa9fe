//! Plugins.
//!
//! The columns of their results follow rules of their own; those are in the binder, by the plugin's name. A plugin
//! without a rule has open columns, which the schema clause of `evaluate` may declare.
//!
//! Plugins that ask other services (`sql_request`, `http_request` …) are known by name, so that a query with them can
//! be read; it is refused where it would run.

use super::{Accepts as A, Form, Function, Parameter, Returns as R, Signature, p, plugin, sig};
use crate::types::ScalarType as T;

pub(super) const TABLES: &[&[Function]] = &[FUNCTIONS];

const ID: Parameter = p("IdColumn", A::NotDynamic).form(Form::Column);
const TIMELINE: Parameter = p("TimelineColumn", A::Summable).form(Form::Column);
const START: Parameter = p("Start", A::Summable).constant();
const END: Parameter = p("End", A::Summable).constant();
const STEP: Parameter = p("Step", A::Summable).constant();
const DIMENSIONS: Parameter = p("Dimension", A::NotDynamic).form(Form::Column).repeated(0);
const STATE: Parameter = p("StateColumn", A::NotDynamic).form(Form::Column);
const SEQUENCE: Parameter = p("Sequence", A::Array).constant();
const WEIGHT_COLUMN: Parameter = p("WeightColumn", A::Any).form(Form::Column).optional();
const THRESHOLD: Parameter = p("Threshold", A::Type(T::Real)).optional();
const MOST_DIMENSIONS: Parameter = p("MaxDimensions", A::Integer).optional();
const WILDCARDS: Parameter = p("CustomWildcard", A::Any).repeated(0);
const LOOKUP_TABLE: Parameter = p("LookupTable", A::Table);
const UNMATCHED: Parameter = p("return_unmatched", A::Type(T::Bool)).form(Form::Literal).optional();
const BAG: Parameter = p("Options", A::Bag).optional();
const NOTHING: &[Signature] = &[sig(&[], R::Table)];
/// The plugin's activity in periods: identity, time and its range, the width of a period, dimensions.
const PERIODS: &[Signature] = &[sig(&[ID, TIMELINE, START, END, STEP, DIMENSIONS], R::Table)];
/// The same, with a window to look back.
const WINDOWS: &[Signature] = &[sig(
    &[ID, TIMELINE, START, END, p("LookBackWindow", A::Summable).constant(), STEP, DIMENSIONS],
    R::Table,
)];
const GEO_LOOKUP: &[Signature] = &[sig(
    &[
        LOOKUP_TABLE,
        p("LookupKey", A::Bag).form(Form::Column),
        p("SourceLongitude", A::Number).form(Form::Column),
        p("SourceLatitude", A::Number).form(Form::Column),
        p("radius", A::Type(T::Real)).form(Form::Literal).optional(),
        UNMATCHED,
        p("lookup_area_radius", A::Type(T::Real)).form(Form::Literal).optional(),
        p("return_lookup_key", A::Type(T::Bool)).form(Form::Literal).optional(),
    ],
    R::Table,
)];
const IP_LOOKUP: &[Signature] = &[sig(
    &[
        LOOKUP_TABLE,
        p("SourceIPKey", A::Any).form(Form::Column),
        p("IPLookupKey", A::Any).form(Form::Column),
        p("ExtraKey", A::Any).form(Form::Column).repeated(0),
        UNMATCHED,
    ],
    R::Table,
)];
const SERVICE: &[Signature] = &[sig(
    &[p("connection_string", A::Text), p("query", A::Text), p("parameters", A::Bag).optional(), BAG],
    R::Table,
)];
const TWO_TEXTS: &[Signature] = &[sig(&[p("connection_string", A::Text), p("query", A::Text)], R::Table)];
const SCRIPT: &[Signature] = &[sig(
    &[
        p("output_schema", A::Any).form(Form::Literal),
        p("script", A::Text),
        p("arguments", A::Bag).optional(),
        p("artifacts", A::Bag).optional(),
    ],
    R::Table,
)];
const MODEL: &[Signature] = &[sig(
    &[
        p("Prompt", A::Any),
        p("ConnectionString", A::Text),
        BAG,
        p("IncludeErrorMessages", A::Type(T::Bool)).optional(),
    ],
    R::Table,
)];
const WEB: &[Signature] = &[sig(
    &[
        p("Uri", A::Text).constant(),
        p("RequestHeaders", A::Bag).optional(),
        BAG,
        p("Content", A::Text).constant().optional(),
    ],
    R::Columns(&[("ResponseHeaders", T::Dynamic), ("ResponseBody", T::Dynamic)]),
)];

const FUNCTIONS: &[Function] = &[
    plugin(
        "active_users_count",
        &[sig(
            &[
                ID,
                TIMELINE,
                START,
                END,
                p("LookbackWindow", A::Summable).constant(),
                p("Period", A::Summable).constant(),
                p("ActivePeriods", A::Summable).constant(),
                STEP,
                DIMENSIONS,
            ],
            R::Table,
        )],
    ),
    plugin("activity_counts_metrics", PERIODS),
    plugin(
        "activity_engagement",
        &[
            sig(
                &[
                    ID,
                    TIMELINE,
                    START,
                    END,
                    p("InnerActivityWindow", A::Summable).constant(),
                    p("OuterActivityWindow", A::Summable).constant(),
                    DIMENSIONS,
                ],
                R::Table,
            ),
            sig(
                &[
                    ID,
                    TIMELINE,
                    p("InnerActivityWindow", A::Summable).constant(),
                    p("OuterActivityWindow", A::Summable).constant(),
                ],
                R::Table,
            ),
        ],
    ),
    plugin(
        "activity_metrics",
        &[
            sig(&[ID, TIMELINE, START, END, STEP, DIMENSIONS], R::Table),
            sig(&[ID, TIMELINE, p("Window", A::Summable).constant().optional()], R::Table),
        ],
    ),
    plugin("ai_chat_completion", MODEL),
    plugin("ai_chat_completion_prompt", MODEL),
    plugin("ai_embed_text", MODEL),
    plugin("ai_embeddings", MODEL),
    plugin(
        "autocluster",
        &[sig(
            &[
                p("SizeWeight", A::Type(T::Real)).optional(),
                WEIGHT_COLUMN,
                p("NumSeeds", A::Integer).optional(),
                WILDCARDS,
            ],
            R::Table,
        )],
    ),
    plugin("azure_digital_twins_query_request", TWO_TEXTS),
    plugin(
        "bag_unpack",
        &[sig(
            &[
                p("column", A::Dynamic).form(Form::Column),
                p("OutputColumnPrefix", A::Text).constant().optional(),
                p("columnsConflict", A::Text)
                    .constant()
                    .one_of(&["error", "replace_source", "keep_source"])
                    .optional(),
                p("ignoredProperties", A::Array).constant().optional(),
            ],
            R::Table,
        )],
    ),
    plugin("basket", &[sig(&[THRESHOLD, WEIGHT_COLUMN, MOST_DIMENSIONS, WILDCARDS], R::Table)]),
    plugin("cosmosdb_sql_request", SERVICE),
    plugin("csharp", SCRIPT),
    plugin("dcount_intersect", &[sig(&[p("hll", A::Array).repeated(2)], R::Table)]),
    plugin(
        "diffpatterns",
        &[sig(
            &[
                p("SplitColumn", A::Any).form(Form::Column),
                p("SplitValueA", A::Text),
                p("SplitValueB", A::Text),
                WEIGHT_COLUMN,
                THRESHOLD,
                MOST_DIMENSIONS,
                WILDCARDS,
            ],
            R::Table,
        )],
    ),
    plugin(
        "diffpatterns_text",
        &[sig(
            &[
                p("TextColumn", A::Text).form(Form::Column),
                p("BooleanCondition", A::Type(T::Bool)),
                p("MinTokens", A::Integer).optional(),
                THRESHOLD,
                p("MaxTokens", A::Integer).optional(),
            ],
            R::Table,
        )],
    ),
    plugin("estimate_rows_count", NOTHING),
    plugin("execute_query", TWO_TEXTS),
    plugin("execute_show_command", TWO_TEXTS),
    plugin(
        "funnel_sequence",
        &[sig(
            &[
                ID,
                TIMELINE,
                START,
                END,
                p("MaxWindowSizeBetweenSteps", A::Summable).constant(),
                STEP,
                STATE,
                SEQUENCE,
            ],
            R::Table,
        )],
    ),
    plugin(
        "funnel_sequence_completion",
        &[sig(
            &[
                ID,
                TIMELINE,
                START,
                END,
                p("BinSize", A::Summable).constant(),
                STATE,
                SEQUENCE,
                p("MaxSequencePeriods", A::Array).constant(),
            ],
            R::Table,
        )],
    ),
    plugin("geo_line_lookup", GEO_LOOKUP),
    plugin("geo_polygon_lookup", GEO_LOOKUP),
    plugin("http_request", WEB),
    plugin("http_request_post", WEB),
    plugin("identity", NOTHING),
    plugin("infer_storage_schema", &[sig(&[p("Options", A::Bag)], R::Columns(&[("CslSchema", T::String)]))]),
    plugin(
        "infer_storage_schema_with_suggestions",
        &[sig(&[p("Options", A::Bag)], R::Columns(&[("SuggestedTableSchema", T::String)]))],
    ),
    plugin("ipv4_lookup", IP_LOOKUP),
    plugin("ipv6_lookup", IP_LOOKUP),
    plugin("mysql_request", SERVICE),
    plugin("narrow", NOTHING),
    plugin(
        "new_activity_metrics",
        &[sig(
            &[
                ID,
                TIMELINE,
                START,
                END,
                p("Window", A::Any),
                p("Cohort", A::Any).optional(),
                DIMENSIONS,
                // The table stands after any number of dimensions.
                p("Lookback", A::Any).optional(),
            ],
            R::Table,
        )],
    ),
    plugin(
        "pivot",
        &[sig(
            &[
                p("pivotColumn", A::NotDynamic).form(Form::Column),
                p("aggregateFunction", A::Any).form(Form::Aggregate).optional(),
                p("columnName", A::Any).form(Form::Column).repeated(0),
            ],
            R::Table,
        )],
    ),
    plugin("postgresql_request", SERVICE),
    plugin("preview", &[sig(&[p("NumberOfRows", A::Integer)], R::Table)]),
    plugin("python", SCRIPT),
    plugin("r", SCRIPT),
    plugin(
        "rolling_percentile",
        &[sig(
            &[
                p("ValueColumn", A::Summable).form(Form::Column),
                p("Percentile", A::Number).constant(),
                p("IndexColumn", A::Summable).form(Form::Column),
                p("BinSize", A::Summable),
                p("BinsPerWindow", A::Integer).constant(),
                DIMENSIONS,
            ],
            R::Table,
        )],
    ),
    plugin(
        "rows_near",
        &[sig(
            &[
                p("Condition", A::Type(T::Bool)),
                p("NumRows", A::Integer).constant(),
                p("NumRowsAfter", A::Integer).constant().optional(),
            ],
            R::Table,
        )],
    ),
    plugin(
        "schema_merge",
        &[sig(
            &[p("PreserveOrder", A::Type(T::Bool)).constant().optional()],
            R::Columns(&[
                ("ColumnName", T::String),
                ("ColumnOrdinal", T::Long),
                ("DataType", T::String),
                ("ColumnType", T::String),
            ]),
        )],
    ),
    plugin(
        "sequence_detect",
        &[sig(
            &[
                TIMELINE,
                p("MaxSequenceStepWindow", A::Summable).constant(),
                p("MaxSequenceSpan", A::Summable).constant(),
                p("Expr", A::Any).repeated(1),
            ],
            R::Table,
        )],
    ),
    plugin(
        "session_count",
        &[sig(
            &[
                ID,
                TIMELINE,
                START,
                END,
                p("Bin", A::Summable).constant(),
                p("LookBackWindow", A::Summable).constant(),
                DIMENSIONS,
            ],
            R::Table,
        )],
    ),
    plugin("sliding_window_counts", WINDOWS),
    plugin("sql_request", SERVICE),
];
