//! What senders ask before they send: version, licence, templates, lifecycle.
//!
//! Nothing is set up by templates and policies here: tables take whatever columns come. So every question is answered as if
//! all was in place, and every setting is acknowledged.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

/// The version that senders are told: the one whose protocol this is.
const VERSION: &str = "8.17.0";

/// The answer to a probe; `None` for what nobody asks.
pub(super) fn answer(method: &Method, segments: &[&str]) -> Option<(StatusCode, Value)> {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let ok = |body| Some((StatusCode::OK, body));
    match segments {
        [] if is_read => ok(version()),
        ["_license"] if is_read => ok(json!({"license": {
            "status": "active", "uid": "00000000-0000-0000-0000-000000000000", "type": "basic", "mode": "basic"
        }})),
        ["_xpack"] if is_read => {
            let license = json!({"uid": "00000000-0000-0000-0000-000000000000", "type": "basic", "mode": "basic", "status": "active"});
            let features = json!({"ilm": {"available": true, "enabled": true}, "security": {"available": true, "enabled": true}});
            ok(json!({"build": {}, "license": license, "features": features, "tagline": "You know, for X"}))
        }
        ["_cluster", "health", ..] if is_read => ok(json!({
            "cluster_name": "azimuth", "status": "green", "timed_out": false, "number_of_nodes": 1,
            "number_of_data_nodes": 1, "active_primary_shards": 1, "active_shards": 1, "relocating_shards": 0,
            "initializing_shards": 0, "unassigned_shards": 0, "number_of_pending_tasks": 0,
            "active_shards_percent_as_number": 100.0
        })),
        ["_nodes", ..] if is_read => ok(
            json!({"_nodes": {"total": 1, "successful": 1, "failed": 0}, "cluster_name": "azimuth", "nodes": {}}),
        ),
        ["_template" | "_index_template" | "_component_template", ..]
        | ["_ilm", "policy", ..]
        | ["_ingest", "pipeline", ..]
        | ["_data_stream", ..] => settings(method),
        ["_alias" | "_aliases", ..] | [_, "_alias", ..] => settings(method),
        // An index or data stream itself: it is there as soon as somebody sends to it.
        [index] if !index.starts_with('_') => settings(method),
        _ => None,
    }
}

fn settings(method: &Method) -> Option<(StatusCode, Value)> {
    let body = match *method {
        Method::GET | Method::HEAD => json!({}),
        Method::PUT | Method::POST | Method::DELETE => json!({"acknowledged": true}),
        _ => return None,
    };
    Some((StatusCode::OK, body))
}

fn version() -> Value {
    json!({
        "name": "azimuth", "cluster_name": "azimuth", "cluster_uuid": "YXppbXV0aA",
        "version": {
            "number": VERSION, "build_flavor": "default", "build_type": "tar", "build_hash": "azimuth",
            "build_date": "2024-12-11T12:08:05.663969764Z", "build_snapshot": false, "lucene_version": "9.12.0",
            "minimum_wire_compatibility_version": "7.17.0", "minimum_index_compatibility_version": "7.0.0"
        },
        "tagline": "You Know, for Search"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_of_the_senders() {
        for (method, path) in [
            (Method::GET, ""),
            (Method::HEAD, ""),
            (Method::GET, "_license"),
            (Method::GET, "_xpack"),
            (Method::GET, "_cluster/health"),
            (Method::HEAD, "_index_template/filebeat-8.17.0"),
            (Method::PUT, "_ilm/policy/filebeat"),
            (Method::PUT, "_ingest/pipeline/x"),
            (Method::PUT, "filebeat-8.17.0"),
        ] {
            let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
            assert!(answer(&method, &segments).is_some(), "{method} {path}");
        }
        assert!(answer(&Method::GET, &["_search"]).is_none());
        assert!(answer(&Method::GET, &["a", "_search"]).is_none());
    }
}
