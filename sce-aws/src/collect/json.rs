//! Answers in JSON as AWS sends them: what the CLI prints.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::{Value as Json, json};

use crate::error::CloudError;

/// The body of an answer, kept beside what the SDK makes of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Body(Arc<Mutex<Option<Vec<u8>>>>);

impl Body {
    /// The body as JSON; an empty one is an answer that says nothing.
    pub(super) fn json(&self, operation: &'static str, about: &str) -> Result<Json, CloudError> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        if bytes.is_empty() {
            return Ok(json!({}));
        }
        serde_json::from_slice(&bytes).map_err(|error| CloudError::unreadable(operation, about, error.to_string()))
    }
}

#[dyn_dispatch_hint]
impl Intercept for Body {
    fn name(&self) -> &'static str {
        "sce-body"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().map(<[u8]>::to_vec);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
        Ok(())
    }
}

/// Sends a request and hands over the SDK's answer and the body it came in.
macro_rules! sent {
    ($request:expr, $operation:literal, $about:expr) => {{
        let body = $crate::collect::json::Body::default();
        let sent = $request.customize().interceptor(body.clone()).send().await;
        let about: &str = $about;
        match sent.map_err($crate::error::cloud($operation, about)) {
            Ok(answer) => body.json($operation, about).map(|json| (answer, json)),
            Err(error) => Err(error),
        }
    }};
}
pub(super) use sent;

/// All pages of a call as one answer: the lists under a key put together, and no token.
macro_rules! pages {
    ($collector:expr, $request:expr, $set:ident, $token:ident, $operation:literal, $path:literal, $key:literal) => {{
        let (mut items, mut next, mut whole) = (Vec::new(), None, true);
        loop {
            let request = $request.$set(next.take());
            let answered = $crate::collect::json::sent!(request, $operation, "all");
            let Some((answer, json)) = $collector.answer(answered)? else {
                whole = false;
                break;
            };
            items.extend(json[$key].as_array().cloned().unwrap_or_default());
            next = answer.$token().map(str::to_owned).filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        if whole {
            $collector.save(concat!($path, ".json"), serde_json::json!({ $key: items.clone() }))?;
        }
        items
    }};
}
pub(super) use pages;
