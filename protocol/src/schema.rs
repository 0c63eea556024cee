//! The JSON Schema of the protocol, made from the declarations.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::cycle::{CycleEvent, CycleEventNotification, CycleLastLine};
use crate::cycle_method::{
    ApplyCycle, CancelCycle, DiffCycle, DiscardCycle, ListCycles, ResumeCycle, StartCycle,
};
use crate::method::{
    Cancel, Discover, Document, InitializationOptions, Notification, Request, Run,
    RunEventNotification, Status, TestsChanged, VERSION,
};
use crate::plan::{PlanEvent, PlanLastLine};
use crate::run::{LastLine, RunEvent};

/// The methods of the protocol and the JSON Schema (draft 7) of what they carry.
#[must_use]
pub fn schema() -> Value {
    let mut schema = Collector {
        types: SchemaSettings::draft07().into_generator(),
        requests: Map::new(),
        notifications: Map::new(),
    };
    schema.request::<Discover>();
    schema.request::<Run>();
    schema.request::<Cancel>();
    schema.request::<Status>();
    schema.request::<Document>();
    schema.request::<StartCycle>();
    schema.request::<ResumeCycle>();
    schema.request::<CancelCycle>();
    schema.request::<ApplyCycle>();
    schema.request::<DiscardCycle>();
    schema.request::<DiffCycle>();
    schema.request::<ListCycles>();
    schema.notification::<RunEventNotification>();
    schema.notification::<TestsChanged>();
    schema.notification::<CycleEventNotification>();
    schema.finish()
}

struct Collector {
    types: SchemaGenerator,
    requests: Map<String, Value>,
    notifications: Map<String, Value>,
}

impl Collector {
    fn of<T: JsonSchema>(&mut self) -> Value {
        self.types.subschema_for::<T>().to_value()
    }

    fn request<R: Request>(&mut self) {
        let request = json!({ "params": self.of::<R::Params>(), "result": self.of::<R::Result>() });
        self.requests.insert(R::METHOD.to_owned(), request);
    }

    fn notification<N: Notification>(&mut self) {
        let notification = json!({ "params": self.of::<N::Params>() });
        self.notifications
            .insert(N::METHOD.to_owned(), notification);
    }

    fn finish(mut self) -> Value {
        let options = self.of::<InitializationOptions>();
        let lines = [self.of::<RunEvent>(), self.of::<LastLine>()];
        let cycle_lines = [self.of::<CycleEvent>(), self.of::<CycleLastLine>()];
        let plan_lines = [self.of::<PlanEvent>(), self.of::<PlanLastLine>()];
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Greenward's own methods",
            "version": VERSION,
            "initializationOptions": options,
            "requests": self.requests,
            "notifications": self.notifications,
            "testJsonLines": { "anyOf": lines },
            "greenJsonLines": { "anyOf": cycle_lines },
            "planJsonLines": { "anyOf": plan_lines },
            "definitions": self.types.take_definitions(true),
        })
    }
}
