//! The table of routes: which path and method is answered by whom, under which right.

use std::sync::LazyLock;

use axum::http::Method;

use super::answer::Answer;
use super::call::Call;
use super::path::{Captures, Pattern};
use crate::error::ApiError;

/// Answers a request.
pub(crate) type Handler = fn(&Call<'_>) -> Result<Answer, ApiError>;

/// What a caller must be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Nothing but to be signed in.
    Open,
    /// This action at the scope of the path.
    Action(&'static str),
    /// The action that type and method spell, on what the path names: `…/read`, `…/write`, `…/delete`, `…/action`.
    Derived,
    /// This action at the scope, or somewhere below it; then the list holds only that part.
    Listed(&'static str),
    /// As the handler decides for each thing it touches.
    Decided,
}

/// One route.
pub(crate) struct Route {
    /// The method.
    pub(crate) method: Method,
    /// The pattern as written, for tests and messages.
    pub(crate) text: &'static str,
    pattern: Pattern,
    /// What a caller must be allowed to do.
    pub(crate) right: Right,
    /// Whether nothing is changed.
    pub(crate) is_reading: bool,
    /// Who answers.
    pub(crate) run: Handler,
}

fn route(method: Method, text: &'static str, right: Right, run: Handler) -> Route {
    let is_reading = method == Method::GET || method == Method::HEAD;
    Route { method, text, pattern: Pattern::new(text), right, is_reading, run }
}

pub(crate) fn get(text: &'static str, right: Right, run: Handler) -> Route {
    route(Method::GET, text, right, run)
}

pub(crate) fn head(text: &'static str, right: Right, run: Handler) -> Route {
    route(Method::HEAD, text, right, run)
}

pub(crate) fn put(text: &'static str, right: Right, run: Handler) -> Route {
    route(Method::PUT, text, right, run)
}

pub(crate) fn patch(text: &'static str, right: Right, run: Handler) -> Route {
    route(Method::PATCH, text, right, run)
}

pub(crate) fn delete(text: &'static str, right: Right, run: Handler) -> Route {
    route(Method::DELETE, text, right, run)
}

/// A POST that changes something.
pub(crate) fn post(text: &'static str, right: Right, run: Handler) -> Route {
    route(Method::POST, text, right, run)
}

/// A POST that only asks.
pub(crate) fn ask(text: &'static str, right: Right, run: Handler) -> Route {
    Route { is_reading: true, ..route(Method::POST, text, right, run) }
}

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut routes = Vec::new();
    for of_module in super::MODULES {
        routes.extend(of_module());
    }
    routes
});

/// Every route, in the order in which they are tried.
pub(crate) fn routes() -> &'static [Route] {
    &ROUTES
}

/// What was found for a path.
pub(crate) enum Found {
    /// A route.
    Route(&'static Route, Captures),
    /// The path is known; not with this method.
    OtherMethod,
    /// Nothing.
    Nothing,
}

/// The route of a method and path. A HEAD without a route of its own is answered as the GET is.
pub(crate) fn find(method: &Method, segments: &[&str]) -> Found {
    let mut is_known = false;
    let mut as_get = None;
    for route in routes() {
        let Some(captures) = route.pattern.captures(segments) else { continue };
        if route.method == *method {
            return Found::Route(route, captures);
        }
        if *method == Method::HEAD && route.method == Method::GET && as_get.is_none() {
            as_get = Some((route, captures));
        }
        is_known = true;
    }
    match as_get {
        Some((route, captures)) => Found::Route(route, captures),
        None if is_known => Found::OtherMethod,
        None => Found::Nothing,
    }
}
