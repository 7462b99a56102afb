//! Which call a request is, in AWS's words, and how AWS writes errors of it.

use super::http::Message;

/// How a service writes what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// EC2's own.
    Ec2,
    /// Forms in, XML out.
    Query,
    /// JSON, the operation in a header.
    Json,
    /// CBOR, the operation in the path.
    Cbor,
    /// S3 and its control plane.
    S3,
    /// JSON, the operation told by method and path.
    RestJson,
}

/// Service and operation, such as `ec2:CreateVpc`.
pub(super) fn operation(request: &Message) -> String {
    let service = service(request);
    let (method, path) = request.method_and_path();
    let name = match protocol(request) {
        Protocol::Json => {
            request.header("x-amz-target").and_then(|target| target.rsplit('.').next()).map(str::to_owned)
        }
        Protocol::Cbor => path.rsplit('/').next().map(str::to_owned),
        Protocol::Ec2 | Protocol::Query => field(request, "Action"),
        Protocol::S3 if service == "s3" => Some(of_s3(method, path)),
        Protocol::S3 | Protocol::RestJson => Some(of_rest(method, path)),
    };
    format!("{service}:{}", name.unwrap_or_else(|| format!("{method} {path}")))
}

/// The token by which AWS recognises a repeated call.
pub(super) fn token(request: &Message) -> Option<String> {
    field(request, "ClientToken")
}

/// How the service of a request writes.
pub(super) fn protocol(request: &Message) -> Protocol {
    let service = service(request);
    if request.header("smithy-protocol") == Some("rpc-v2-cbor") {
        Protocol::Cbor
    } else if request.header("x-amz-target").is_some() {
        Protocol::Json
    } else if service == "ec2" {
        Protocol::Ec2
    } else if service == "s3" || service == "s3control" {
        Protocol::S3
    } else if request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        Protocol::Query
    } else {
        Protocol::RestJson
    }
}

impl Protocol {
    /// An error in the service's own words.
    pub(super) fn error(self, status: u16, code: &str, message: &str) -> Message {
        let request = "<RequestId>11111111-2222-3333-4444-555555555555</RequestId>";
        let body = match self {
            Self::Ec2 => format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>11111111-2222-3333-4444-555555555555</RequestID></Response>"
            )
            .into_bytes(),
            Self::Query => format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 {request}</ErrorResponse>"
            )
            .into_bytes(),
            Self::S3 => format!("<Error><Code>{code}</Code><Message>{message}</Message>{request}</Error>").into_bytes(),
            Self::Json | Self::RestJson => serde_json::json!({ "__type": code, "message": message }).to_string().into(),
            Self::Cbor => [&[0xa2][..], &cbor("__type"), &cbor(code), &cbor("message"), &cbor(message)].concat(),
        };
        let mut response = self.answer(status, body);
        if self == Self::RestJson {
            response.headers.push(("x-amzn-errortype".to_owned(), code.to_owned()));
        }
        response
    }

    /// A response with that body.
    pub(super) fn answer(self, status: u16, body: Vec<u8>) -> Message {
        let kind = match self {
            Self::Ec2 | Self::Query | Self::S3 => "text/xml",
            Self::Json => "application/x-amz-json-1.1",
            Self::RestJson => "application/json",
            Self::Cbor => "application/cbor",
        };
        let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
        if self == Self::Cbor {
            headers.push(("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned()));
        }
        Message { line: format!("HTTP/1.1 {status} Fault"), headers, body }
    }
}

/// A text in CBOR (RFC 8949, 3.1, major type 3).
fn cbor(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    let text = text.get(..usize::from(length)).unwrap_or(text);
    let head = if length < 24 { vec![0x60 | length] } else { vec![0x78, length] };
    [head, text.as_bytes().to_vec()].concat()
}

/// The service that a request is signed for, by the name that endpoint settings use.
fn service(request: &Message) -> String {
    let signed = request.header("authorization").and_then(|text| text.split("Credential=").nth(1));
    let scope = signed.and_then(|text| text.split('/').nth(3)).unwrap_or("unsigned");
    let (_, path) = request.method_and_path();
    match scope {
        "monitoring" => "cloudwatch".to_owned(),
        "s3" if path.starts_with("/v20180820/") => "s3control".to_owned(),
        other => other.to_owned(),
    }
}

/// A field of a form.
fn field(request: &Message, name: &str) -> Option<String> {
    let body = std::str::from_utf8(&request.body).ok()?;
    let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.replace("%3A", ":"))
}

/// S3 tells operations apart by method, by whether there is a key, and by the query.
fn of_s3(method: &str, path: &str) -> String {
    let (place, query) = path.split_once('?').unwrap_or((path, ""));
    let mut parts = place.trim_start_matches('/').splitn(2, '/');
    let bucket = parts.next().unwrap_or_default();
    let has_key = parts.next().is_some_and(|key| !key.is_empty());
    let asked: Vec<&str> = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default()).collect();
    let has = |name: &str| asked.contains(&name);
    let verb = match method {
        "GET" => "Get",
        "PUT" => "Put",
        "POST" => "Post",
        "HEAD" => "Head",
        _ => "Delete",
    };
    let thing = match () {
        () if has("delete") => return "DeleteObjects".to_owned(),
        () if has("versions") => return "ListObjectVersions".to_owned(),
        () if has("list-type") => return "ListObjectsV2".to_owned(),
        () if has("partNumber") => return "UploadPart".to_owned(),
        () if has("uploads") && method == "POST" => return "CreateMultipartUpload".to_owned(),
        () if has("uploads") => return "ListMultipartUploads".to_owned(),
        () if has("uploadId") && method == "POST" => return "CompleteMultipartUpload".to_owned(),
        () if has("uploadId") && method == "GET" => return "ListParts".to_owned(),
        () if has("uploadId") => return "AbortMultipartUpload".to_owned(),
        () if bucket.is_empty() => return "ListBuckets".to_owned(),
        () if has("publicAccessBlock") => "PublicAccessBlock",
        () if has("policy") => "BucketPolicy",
        () if has("versioning") => "BucketVersioning",
        () if has("encryption") => "BucketEncryption",
        () if has("logging") => "BucketLogging",
        () if has("lifecycle") => "BucketLifecycleConfiguration",
        () if has("notification") => "BucketNotificationConfiguration",
        () if has("ownershipControls") => "BucketOwnershipControls",
        () if has("object-lock") => "ObjectLockConfiguration",
        () if has("tagging") && has_key => "ObjectTagging",
        () if has("tagging") => "BucketTagging",
        () if has_key => "Object",
        () if method == "PUT" => return "CreateBucket".to_owned(),
        () => "Bucket",
    };
    format!("{verb}{thing}")
}

/// Lambda, GuardDuty and S3's control plane, as far as they are called.
fn of_rest(method: &str, path: &str) -> String {
    let place = path.split('?').next().unwrap_or_default().trim_matches('/');
    let parts: Vec<&str> = place.split('/').collect();
    let (first, last, depth) =
        (parts.first().copied().unwrap_or_default(), parts.last().copied().unwrap_or_default(), parts.len());
    let name = match (method, first, parts.get(1).copied().unwrap_or_default(), last, depth) {
        ("POST", _, "functions", "functions", _) => "CreateFunction",
        ("GET", _, "functions", "functions", _) => "ListFunctions",
        ("POST", _, "functions", "policy", _) => "AddPermission",
        ("GET", _, "functions", "policy", _) => "GetPolicy",
        ("DELETE", _, "functions", _, 5) => "RemovePermission",
        ("PUT", _, "functions", "code", _) => "UpdateFunctionCode",
        ("PUT", _, "functions", "configuration", _) => "UpdateFunctionConfiguration",
        ("PUT", _, "functions", "concurrency", _) => "PutFunctionConcurrency",
        ("DELETE", _, "functions", "concurrency", _) => "DeleteFunctionConcurrency",
        ("GET", _, "functions", ..) => "GetFunction",
        ("DELETE", _, "functions", ..) => "DeleteFunction",
        ("POST", _, "tags", ..) | ("POST", "tags", ..) => "TagResource",
        ("GET", "detector", _, _, 1) => "ListDetectors",
        ("GET", "detector", ..) => "GetDetector",
        ("POST", "detector", _, _, 1) => "CreateDetector",
        ("POST", "detector", ..) => "UpdateDetector",
        ("GET", _, "configuration", "publicAccessBlock", _) => "GetPublicAccessBlock",
        ("PUT", _, "configuration", "publicAccessBlock", _) => "PutPublicAccessBlock",
        ("GET", ..) => return format!("Get /{place}"),
        _ => return format!("{method} /{place}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str, service: &str, body: &str) -> Message {
        let credential = format!("AWS4-HMAC-SHA256 Credential=k/20261130/us-west-2/{service}/aws4_request, x=y");
        let headers = vec![("authorization".to_owned(), credential)];
        Message { line: format!("{line} HTTP/1.1"), headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn calls_are_told_apart_as_aws_tells_them_apart() {
        let cases = [
            (request("POST /", "ec2", "Action=CreateVpc&CidrBlock=10.0.0.0%2F16"), "ec2:CreateVpc"),
            (request("PUT /b?policy", "s3", ""), "s3:PutBucketPolicy"),
            (request("PUT /b", "s3", ""), "s3:CreateBucket"),
            (request("PUT /b/k?x-id=PutObject", "s3", ""), "s3:PutObject"),
            (request("GET /?x-id=ListBuckets&prefix=a", "s3", ""), "s3:ListBuckets"),
            (request("POST /b?delete", "s3", ""), "s3:DeleteObjects"),
            (request("HEAD /b", "s3", ""), "s3:HeadBucket"),
            (request("PUT /v20180820/configuration/publicAccessBlock", "s3", ""), "s3control:PutPublicAccessBlock"),
            (request("POST /2015-03-31/functions", "lambda", ""), "lambda:CreateFunction"),
            (request("DELETE /2015-03-31/functions/f/policy/s", "lambda", ""), "lambda:RemovePermission"),
        ];
        for (request, expected) in cases {
            assert_eq!(operation(&request), expected, "{}", request.line);
        }
    }
}
