//! The key is a second lock: who may ask S3 for everything opens nothing without the key's leave (L1138, R21).

use super::{
    ADMINISTRATORS, EVALUATOR, Examined, Grounds, Property, PropertyId, UNSEEN_PRINCIPALS, addressable, standard,
};
use crate::aws::resource::{Encryption, Kind};
use crate::model::Resource;
use crate::prove::Counter;
use crate::prove::rights::{Caller, Question, Rights, Via, shown};
use crate::prove::stores::{missing, opening, phi_stores};

pub(super) static PROPERTY: Property = Property {
    id: PropertyId("nothing-is-readable-without-the-key"),
    claim: "Nothing in the stores of PHI is readable without the key of the environment, however open S3 is",
    quantifier: "everybody whom the key's policy does not name, with every right that policies of their own can give, reading every object; \
        and every way of putting an object that would be encrypted otherwise",
    assumptions: &[
        EVALUATOR,
        ADMINISTRATORS,
        "the bucket's policy may say anything: what is claimed of the key does not rest on it",
    ],
    outside_claim: &[
        UNSEEN_PRINCIPALS,
        "grants of the key: EC2 and RDS get some for volumes, and the model does not show them",
        "what was in a bucket before it was encrypted so",
    ],
    cfr: &[addressable("164.312(a)(2)(iv)"), addressable("164.312(e)(2)(ii)"), standard("164.312(a)(1)")],
    required: |_| true,
    examine,
};

/// What a header of a put may say, and the bucket's policy has to refuse.
const OTHER_ENCRYPTION: [(&str, &str, &str); 3] = [
    ("s3:x-amz-server-side-encryption", "AES256", "with S3's own keys"),
    (
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "arn:aws:kms:us-west-2:999988887777:key/theirs",
        "with another key",
    ),
    ("s3:x-amz-server-side-encryption-customer-algorithm", "AES256", "with a key of the writer's own"),
];

fn examine(grounds: &Grounds<'_>) -> Examined {
    let mut counter_example = None;
    for (store, bucket) in phi_stores(grounds) {
        counter_example = counter_example
            .or_else(|| opened_without(grounds, store))
            .or_else(|| bucket_default(grounds, store, &bucket.encryption))
            .or_else(|| put_otherwise(grounds, store));
    }
    let mut unread = grounds.rights.unread(&[Kind::Bucket, Kind::KmsKey]);
    unread.extend(missing(grounds));
    Examined::of(
        counter_example,
        &unread,
        "the key opens for nobody whom it does not name, and nothing is stored under another",
    )
}

/// Those whom the key's policy does not name: whatever their own policies and the bucket's say, the key decides.
fn strangers(grounds: &Grounds<'_>) -> Vec<Caller> {
    [Some(Rights::anonymous()), grounds.rights.outsider(), grounds.rights.insider()].into_iter().flatten().collect()
}

fn opened_without(grounds: &Grounds<'_>, store: &Resource) -> Option<Counter> {
    let (_, bucket) = phi_stores(grounds).into_iter().find(|(thing, _)| thing.label() == store.label())?;
    strangers(grounds).iter().find_map(|caller| {
        let decrypt = opening(grounds, caller, bucket).filter(Question::is_allowed)?;
        let told = format!("the key opens {} for {}, whom it does not name", store.label(), caller.label);
        Some((told.clone(), shown(told, &[decrypt])))
    })
}

/// A bucket that encrypts with S3's keys asks nobody but S3.
fn bucket_default(grounds: &Grounds<'_>, store: &Resource, encryption: &Encryption) -> Option<Counter> {
    let has_key = matches!(encryption, Encryption::Kms { key, .. } if grounds.model.follow(key).is_some());
    let insider = grounds.rights.insider().filter(|_| !has_key)?;
    let gets = Via::ALL.map(|via| grounds.rights.ask_bucket(&insider, "s3:GetObject", store, via));
    let get = gets.into_iter().find(Question::is_allowed)?;
    let told = format!(
        "{} may read {} by S3's leave alone: its objects are not under the environment's key",
        insider.label,
        store.label()
    );
    Some((told.clone(), shown(told, &[get])))
}

fn put_otherwise(grounds: &Grounds<'_>, store: &Resource) -> Option<Counter> {
    let insider = grounds.rights.insider()?;
    OTHER_ENCRYPTION.iter().find_map(|(header, value, how)| {
        let puts =
            Via::ALL.map(|via| grounds.rights.ask_bucket(&insider, "s3:PutObject", store, via).saying(header, value));
        let put = puts.into_iter().find(Question::is_allowed)?;
        let told = format!("{} may put into {} what is encrypted {how}", insider.label, store.label());
        Some((told.clone(), shown(told, &[put])))
    })
}

#[cfg(test)]
mod tests {
    use crate::aws::policy::{Policy, Statement, text};
    use crate::aws::resource::Encryption;
    use crate::prove::Status;
    use crate::prove::testing::{Scene, requests_of};

    const ID: &str = "nothing-is-readable-without-the-key";

    #[test]
    fn it_holds_of_every_mode() {
        for scene in [Scene::machine(), Scene::shut(), Scene::bastion(), Scene::people()] {
            let proof = scene.proof(ID);
            assert_eq!(proof.status, Status::Holds, "{} {:?}", proof.why, proof.witness);
        }
    }

    #[test]
    fn a_key_with_the_policy_that_aws_presets_is_no_second_lock() {
        let mut scene = Scene::machine();
        let preset = Statement::allow("Preset")
            .principals([text("arn:aws:iam::111122223333:root")])
            .actions(["kms:*"])
            .resources([text("*")]);
        scene.key("key").policy = Policy::new(vec![preset]);
        let proof = scene.proof(ID);
        assert_eq!((proof.status, requests_of(&proof)[0].action.as_str()), (Status::Violated, "kms:Decrypt"));
    }

    #[test]
    fn a_bucket_under_s3s_own_keys_asks_no_key() {
        let mut scene = Scene::machine();
        scene.bucket("bucket-data").encryption = Encryption::S3;
        let proof = scene.proof(ID);
        assert_eq!((proof.status, requests_of(&proof)[0].action.as_str()), (Status::Violated, "s3:GetObject"));
    }

    #[test]
    fn other_encryption_is_refused_three_ways() {
        for (sid, how) in [
            ("DenyOtherEncryption", "S3's own keys"),
            ("DenyOtherKey", "another key"),
            ("DenyCustomerKeys", "the writer's own"),
        ] {
            let mut scene = Scene::machine();
            scene.without_statement("bucket-data", sid);
            let proof = scene.proof(ID);
            assert_eq!((proof.status, requests_of(&proof)[0].action.as_str()), (Status::Violated, "s3:PutObject"));
            assert!(proof.why.contains(how), "{}", proof.why);
        }
    }
}
