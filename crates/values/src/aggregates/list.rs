//! Lists, sets and bags of a group's values.

use std::collections::HashSet;
use std::sync::Arc;

use super::sum::conditional;
use crate::aggregate::{Accumulator, Aggregate};
use crate::function::Refusal;
use crate::functions::dynamic::MAX_ITEMS;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Aggregate] = &[
    Aggregate {
        names: &["make_list", "makelist"],
        begin: |_, given| Ok(Box::new(List::new(limit(given, 1)))),
    },
    Aggregate { names: &["make_list_if"], begin: |_, given| Ok(limited(List::new(limit(given, 2)))) },
    Aggregate {
        names: &["make_list_with_nulls"],
        begin: |_, _| Ok(Box::new(List { nulls: true, ..List::new(MAX_ITEMS) })),
    },
    Aggregate { names: &["make_set", "makeset"], begin: |_, given| Ok(Box::new(Set::new(limit(given, 1)))) },
    Aggregate { names: &["make_set_if"], begin: |_, given| Ok(limited(Set::new(limit(given, 2)))) },
    Aggregate {
        names: &["make_bag", "make_dictionary"],
        begin: |_, given| Ok(Box::new(Bag { most: limit(given, 1), members: Vec::new() })),
    },
    Aggregate {
        names: &["make_bag_if"],
        begin: |_, given| Ok(limited(Bag { most: limit(given, 2), members: Vec::new() })),
    },
    Aggregate { names: &["buildschema"], begin: |_, _| Ok(Box::new(Schema(Shape::default()))) },
];

/// The most items, as the call gives it; the service keeps at most 1,048,576.
fn limit(given: &[Value], index: usize) -> usize {
    let given = given.get(index).and_then(Value::as_long).and_then(|most| usize::try_from(most).ok());
    given.unwrap_or(MAX_ITEMS).min(MAX_ITEMS)
}

/// `make_list_if(x, predicate, most)`: the predicate is the second argument, whatever follows.
fn limited<A: Accumulator + 'static>(inner: A) -> Box<dyn Accumulator> {
    Box::new(Second(conditional(inner)))
}

#[derive(Debug)]
struct Second(Box<dyn Accumulator>);

impl Accumulator for Second {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        self.0.add(arguments.get(..2).unwrap_or(arguments))
    }

    fn state(&self) -> Vec<Value> {
        self.0.state()
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        self.0.merge(state)
    }

    fn finish(&self) -> Value {
        self.0.finish()
    }
}

/// `make_list(x, most)`: in the order of the rows, without nulls.
#[derive(Debug)]
struct List {
    items: Vec<Json>,
    most: usize,
    nulls: bool,
}

impl List {
    fn new(most: usize) -> Self {
        Self { items: Vec::new(), most, nulls: false }
    }
}

impl Accumulator for List {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        if self.items.len() < self.most && (self.nulls || !arguments[0].is_null()) {
            self.items.push(arguments[0].to_json());
        }
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        vec![self.finish()]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        let items = state.first().and_then(Value::as_array).unwrap_or_default();
        self.items.extend_from_slice(&items[..items.len().min(self.most - self.items.len())]);
        Ok(())
    }

    fn finish(&self) -> Value {
        Value::array(self.items.clone())
    }
}

/// `make_set(x, most)`: distinct values in the order they are first seen; of an array, its items.
#[derive(Debug)]
struct Set {
    seen: HashSet<String>,
    items: Vec<Json>,
    most: usize,
}

impl Set {
    fn new(most: usize) -> Self {
        Self { seen: HashSet::new(), items: Vec::new(), most }
    }

    fn insert(&mut self, item: &Json) {
        if self.items.len() < self.most && !matches!(item, Json::Null) && self.seen.insert(item.to_text()) {
            self.items.push(item.clone());
        }
    }
}

impl Accumulator for Set {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        match arguments[0].as_array() {
            Some(items) => items.iter().for_each(|item| self.insert(item)),
            None => self.insert(&arguments[0].to_json()),
        }
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        vec![self.finish()]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        state.first().and_then(Value::as_array).unwrap_or_default().iter().for_each(|item| self.insert(item));
        Ok(())
    }

    fn finish(&self) -> Value {
        Value::array(self.items.clone())
    }
}

/// `make_bag(bag, most)`: of a member in several bags the last counts.
#[derive(Debug)]
struct Bag {
    members: Vec<(Arc<str>, Json)>,
    most: usize,
}

impl Accumulator for Bag {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        for (name, value) in arguments[0].as_bag().unwrap_or_default() {
            let known = self.members.iter().position(|(known, _)| known == name);
            match known {
                Some(index) => self.members[index].1 = value.clone(),
                None if self.members.len() < self.most => self.members.push((name.clone(), value.clone())),
                None => {}
            }
        }
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        vec![self.finish()]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        if state.is_empty() { Ok(()) } else { self.add(state) }
    }

    fn finish(&self) -> Value {
        Value::Dynamic(Arc::new(Json::Object(self.members.clone())))
    }
}

/// `buildschema(dynamic)`: the least schema that fits all values.
#[derive(Debug)]
struct Schema(Shape);

/// What has been seen at one place.
#[derive(Clone, Debug, Default)]
struct Shape {
    scalars: Vec<&'static str>,
    members: Option<Vec<(Arc<str>, Shape)>>,
    items: Option<Box<Shape>>,
}

impl Shape {
    fn see(&mut self, json: &Json) {
        let scalar = match json {
            Json::Null => return,
            Json::Object(members) => {
                let shapes = self.members.get_or_insert_default();
                for (name, value) in members {
                    let index = shapes.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                        shapes.push((name.clone(), Self::default()));
                        shapes.len() - 1
                    });
                    shapes[index].1.see(value);
                }
                return;
            }
            Json::Array(items) => {
                let shape = self.items.get_or_insert_default();
                items.iter().for_each(|item| shape.see(item));
                return;
            }
            Json::Bool(_) => "bool",
            Json::Long(_) => "long",
            Json::Real(_) => "double",
            Json::Decimal(_) => "decimal",
            Json::DateTime(_) => "datetime",
            Json::TimeSpan(_) => "timespan",
            Json::Guid(_) => "guid",
            Json::String(_) => "string",
        };
        if !self.scalars.contains(&scalar) {
            self.scalars.push(scalar);
        }
    }

    fn schema(&self) -> Json {
        let mut kinds: Vec<Json> = self.scalars.iter().map(|name| Json::string(*name)).collect();
        if let Some(members) = &self.members {
            kinds.push(Json::Object(
                members.iter().map(|(name, shape)| (name.clone(), shape.schema())).collect(),
            ));
        }
        if let Some(items) = &self.items {
            kinds.push(Json::Object(vec![("`indexer`".into(), items.schema())]));
        }
        if kinds.len() == 1 { kinds.remove(0) } else { Json::Array(kinds) }
    }
}

impl Accumulator for Schema {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        self.0.see(&arguments[0].to_json());
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        // A schema cannot be told from a value of its own form, so a sample that has the schema is what travels.
        vec![Value::dynamic(sample(&self.0))]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        if let Some(Json::Array(samples)) = state.first().and_then(Value::as_json) {
            samples.iter().for_each(|sample| self.0.see(sample));
        }
        Ok(())
    }

    fn finish(&self) -> Value {
        Value::dynamic(self.0.schema())
    }
}

/// Values that together have the shape.
fn sample(shape: &Shape) -> Json {
    fn values(shape: &Shape) -> Vec<Json> {
        let scalar = |name: &&str| match *name {
            "bool" => Json::Bool(true),
            "long" => Json::Long(0),
            "double" => Json::Real(0.5),
            "decimal" => Json::Decimal(rust_decimal::Decimal::ZERO),
            "datetime" => Json::DateTime(0),
            "timespan" => Json::TimeSpan(0),
            "guid" => Json::Guid(0),
            _ => Json::string(""),
        };
        let mut all: Vec<Json> = shape.scalars.iter().map(scalar).collect();
        if let Some(members) = &shape.members {
            all.push(Json::Object(members.iter().map(|(name, _)| (name.clone(), Json::Null)).collect()));
            for (name, inner) in members {
                all.extend(values(inner).into_iter().map(|value| Json::Object(vec![(name.clone(), value)])));
            }
        }
        if let Some(items) = &shape.items {
            all.push(Json::Array(values(items)));
        }
        all
    }
    Json::Array(values(shape))
}
