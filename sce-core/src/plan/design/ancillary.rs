//! What goes on around the data (L577-L582): the table of uploaded files and the function that fills it, a queue for later work, a
//! topic that tells people. None of it meets PHI: it knows of files by their names, which carry none (R47).

use std::collections::{BTreeMap, BTreeSet};

use super::{Design, Handle, node_id, policies};
use crate::aws::arn::Arn;
use crate::aws::resource::{
    BucketNotification, Function, FunctionPermission, KmsKey, LogGroup, ManagedPolicy, Queue, Redrive, Role,
    Subscription, Table, Topic,
};
use crate::function;
use crate::pit::{BucketRole, Named};
use crate::plan::hex_sha256;
use crate::value::Value;

/// Messages that nobody could deal with are kept as long as SQS keeps any: fourteen days to look into them.
const DEAD_LETTER_SECONDS: u32 = 1_209_600;

/// Work is kept for four days: over a long week-end.
const WORK_SECONDS: u32 = 345_600;

/// How long a worker has for one message: an hour.
const WORK_VISIBILITY_SECONDS: u32 = 3600;

/// How often work is tried.
const WORK_TRIES: u32 = 3;

impl Design<'_> {
    /// All of it, or nothing where the spec wants no table.
    ///
    /// The function's log group comes first, so that it is there before Lambda would make one in clear, and goes after the function,
    /// which could bring it back.
    pub(super) fn ancillary(&mut self, key: &Handle<KmsKey>) {
        if !self.spec.ancillary.file_table {
            return;
        }
        let log_group = self.function_log_group(key);
        let table = self.file_table(key);
        let dead_letters = self.queues(key);
        let topic = self.topic(key);
        let role = self.function_role(&log_group, &table, &dead_letters);
        let function = self.function(key, &role, &dead_letters, &topic);
        self.notification(&function);
    }

    fn function_log_group(&mut self, key: &Handle<KmsKey>) -> Handle<LogGroup> {
        let retention_days = Some(self.spec.retention.logs_days);
        let group = LogGroup { retention_days, key: Some(key.arn()) };
        self.add_named("log-group-file-table", self.spec.pit.function_log_group(), &[], group)
    }

    fn file_table(&mut self, key: &Handle<KmsKey>) -> Handle<Table> {
        let table = Table {
            partition_key: "key".to_owned(),
            sort_key: Some("version".to_owned()),
            on_demand: true,
            key: Some(key.arn()),
            point_in_time_recovery: true,
            deletion_protection: true,
            expiry: None,
        };
        self.add("file-table", Named::FileTable, &[], table)
    }

    /// The queue of work and the one of dead letters, which takes what the function could not deal with as well.
    fn queues(&mut self, key: &Handle<KmsKey>) -> Handle<Queue> {
        let policy = |named| Some(policies::queue(self.spec, self.lock, named));
        let letters = Queue {
            key: Some(key.arn()),
            retention_seconds: DEAD_LETTER_SECONDS,
            visibility_seconds: 30,
            redrive: None,
            policy: policy(Named::DeadLetters),
        };
        let work_policy = policy(Named::Queue);
        let letters = self.add("dead-letters", Named::DeadLetters, &[], letters);
        let work = Queue {
            key: Some(key.arn()),
            retention_seconds: WORK_SECONDS,
            visibility_seconds: WORK_VISIBILITY_SECONDS,
            redrive: Some(Redrive { queue: letters.arn(), max_receives: WORK_TRIES }),
            policy: work_policy,
        };
        self.add("queue", Named::Queue, &[], work);
        letters
    }

    fn topic(&mut self, key: &Handle<KmsKey>) -> Handle<Topic> {
        let policy = Some(policies::topic(self.spec, self.lock));
        let topic = self.add("topic", Named::Topic, &[], Topic { key: Some(key.arn()), policy });
        for address in &self.spec.ancillary.notify {
            let subscription = Subscription {
                topic: topic.arn(),
                protocol: "email".to_owned(),
                endpoint: address.clone(),
                confirmed: None,
            };
            let short = letters_of(address);
            let name = format!("{} {short}", self.spec.pit.name(Named::Topic));
            self.add_named(&format!("subscription-{short}"), name, &[], subscription);
        }
        topic
    }

    fn function_role(
        &mut self,
        log_group: &Handle<LogGroup>,
        table: &Handle<Table>,
        dead_letters: &Handle<Queue>,
    ) -> Handle<Role> {
        let document = policies::function(self.spec, self.lock);
        let after = [&log_group.node, &table.node, &dead_letters.node];
        let policy = self.add("file-table-policy", Named::FileTablePolicy, &after, ManagedPolicy { document });
        let role = self.role(policies::function_trust(), BTreeSet::from([policy.arn()]));
        self.add("file-table-role", Named::FileTableRole, &[], role)
    }

    fn function(
        &mut self,
        key: &Handle<KmsKey>,
        role: &Handle<Role>,
        dead_letters: &Handle<Queue>,
        topic: &Handle<Topic>,
    ) -> Handle<Function> {
        let pit = &self.spec.pit;
        let mut environment = BTreeMap::from([("TABLE".to_owned(), Value::Known(pit.name(Named::FileTable)))]);
        if !self.spec.ancillary.notify.is_empty() {
            environment.insert("TOPIC".to_owned(), topic.arn());
        }
        let function = Function {
            role: role.arn(),
            runtime: function::RUNTIME.to_owned(),
            architecture: "x86_64".to_owned(),
            handler: function::HANDLER.to_owned(),
            code_sha256: function::package_sha256(),
            layers: BTreeSet::new(),
            timeout_seconds: 30,
            memory_mib: 128,
            environment,
            key: Some(key.arn()),
            dead_letters: Some(dead_letters.arn()),
            log_group: pit.function_log_group(),
            // A new account may run ten at once and may set none of them aside (Lambda developer guide, "Lambda quotas").
            reserved_concurrency: None,
            active: true,
        };
        let after = [node_id("log-group-file-table"), node_id("file-table")];
        self.add("file-table-function", Named::FileTableFunction, &after.each_ref(), function)
    }

    /// The bucket may call the function before it is told to.
    fn notification(&mut self, function: &Handle<Function>) {
        let bucket = self.bucket_name(BucketRole::Data);
        let source: Arn =
            format!("arn:{}:s3:::{bucket}", self.lock.partition).parse().expect("a bucket's ARN has all its fields");
        let name = "bucket-data file-table-function";
        let permission = FunctionPermission {
            function: function.id_text(),
            service: "s3.amazonaws.com".to_owned(),
            source,
            source_account: self.lock.account.to_string(),
            others: BTreeSet::new(),
        };
        let permission = self.add_named("file-table-permission", name.to_owned(), &[], permission);
        let notification = BucketNotification {
            bucket,
            function: function.arn(),
            events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"].map(str::to_owned).into(),
            filter: BTreeMap::new(),
            others: BTreeSet::new(),
        };
        let after = [&node_id("bucket-data"), &permission.node];
        self.add_named("file-table-notification", name.to_owned(), &after, notification);
    }
}

/// Eight letters for an address: a place in the plan that stays whatever else is in the list, and tells nobody the address.
fn letters_of(address: &str) -> String {
    let letter = |digit: char| digit.to_digit(16).and_then(|digit| char::from_digit(digit + 10, 36)).unwrap_or('z');
    hex_sha256(address.as_bytes()).chars().take(8).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use crate::aws::resource::{Kind, Properties};
    use crate::lock::Lock;
    use crate::plan::{Plan, plan};
    use crate::spec::{Format, parse};

    fn planned(rest: &str) -> Plan {
        let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n{rest}");
        let spec = parse(&text, Format::Toml).unwrap();
        plan(&spec, &Lock::offline(&spec)).unwrap()
    }

    fn place(plan: &Plan, id: &str) -> usize {
        plan.nodes.iter().position(|node| node.id.as_str() == id).unwrap()
    }

    #[test]
    fn writers_come_after_what_they_write_to_and_the_notification_comes_last() {
        let plan = planned("");
        let order = [
            "bucket-data",
            "log-group-file-table",
            "file-table",
            "dead-letters",
            "topic",
            "file-table-policy",
            "file-table-role",
            "file-table-function",
            "file-table-permission",
            "file-table-notification",
        ];
        assert!(order.map(|id| place(&plan, id)).is_sorted());
    }

    #[test]
    fn nothing_of_it_meets_phi() {
        for kind in [Kind::Table, Kind::Queue, Kind::Topic, Kind::Function] {
            let contact = kind.descriptor().phi_contact;
            assert_eq!(contact, crate::aws::resource::PhiContact::TriggersAndOrchestration, "{}", kind.word());
        }
    }

    #[test]
    fn a_topic_is_known_to_the_function_only_where_somebody_listens() {
        let settings = |plan: &Plan| match &plan.node_named("file-table-function").unwrap().properties {
            Properties::Function(function) => function.environment.clone(),
            other => panic!("{other:?}"),
        };
        assert!(!settings(&planned("")).contains_key("TOPIC"));
        let notified = planned("[ancillary]\nnotify = [\"a@b.edu\", \"c@d.edu\"]\n");
        assert_eq!(settings(&notified)["TOPIC"].to_string(), "${topic.arn}");
        assert_eq!(notified.counts()["subscription"], 2);
        let fewer = planned("[ancillary]\nnotify = [\"c@d.edu\"]\n");
        let id = fewer.nodes.iter().find(|node| node.properties.kind() == Kind::Subscription).unwrap().id.clone();
        assert!(notified.node(&id).is_some(), "an address keeps its place when others go");
        assert!(!fewer.to_text().contains("c@d.edu"), "an address is in no name");
    }

    #[test]
    fn without_a_table_there_is_nothing_of_it() {
        let plan = planned("[ancillary]\nfile_table = false\n");
        for kind in ["dynamodb-table", "queue", "topic", "function", "function-permission", "bucket-notification"] {
            assert!(!plan.counts().contains_key(kind), "{kind}");
        }
    }
}
