"""Keeps the table of uploaded files: one entry a version of an object, written when S3 tells of it.

AWS Lambda runs this for each notification of the data bucket. It reads no object: all that it writes comes with
the notification. S3 may tell of the same thing twice and of two things in the wrong order, so an entry is only
ever replaced by a later event of the same version; the order is that of S3's sequencer.

What goes wrong is raised, so that Lambda tries again and in the end puts the notification into the queue of dead
letters. No message repeats a key: keys carry no health information, and logs shall not depend on that.

Settings: TABLE, the table's name; TOPIC, the ARN of the topic that is told of each new file, if any is.
"""

import functools
import os
import re
from urllib.parse import unquote_plus

SEQUENCER = re.compile(r"[0-9A-Fa-f]{1,64}")
LONGEST_KEY = 1024
CREATED, REMOVED = "ObjectCreated:", "ObjectRemoved:"


def handler(event, _context):
    """Writes every record of a notification; what cannot be written stops none of the others."""
    if event.get("Event") == "s3:TestEvent":
        return {"recorded": 0, "known": 0}
    counts = {"recorded": 0, "known": 0}
    faults = []
    for index, record in enumerate(event["Records"]):
        try:
            counts["recorded" if keep(entry(record)) else "known"] += 1
        except Exception as fault:
            # The text of a foreign error may hold the key; its name does not.
            said = str(fault) if isinstance(fault, Malformed) else type(fault).__name__
            faults.append(f"record {index}: {said}")
    if faults:
        raise RuntimeError("; ".join(faults))
    return counts


class Malformed(Exception):
    """A record that is none of S3's about an object."""


def entry(record):
    """What the table shall hold of a record, as DynamoDB takes it."""
    try:
        name, stored = record["eventName"], record["s3"]["object"]
        bucket, quoted, sequencer = record["s3"]["bucket"]["name"], stored["key"], stored["sequencer"]
        source, time = record["eventSource"], record["eventTime"]
    except (KeyError, TypeError):
        raise Malformed("a part is missing") from None
    if source != "aws:s3" or not str(name).startswith((CREATED, REMOVED)):
        raise Malformed("not about an object that came or went")
    if not isinstance(sequencer, str) or not SEQUENCER.fullmatch(sequencer):
        raise Malformed("the sequencer is no hexadecimal number")
    item = {
        "key": {"S": unquoted(quoted)},
        "version": {"S": str(stored.get("versionId") or "null")},
        "bucket": {"S": str(bucket)},
        "event": {"S": name},
        "time": {"S": str(time)},
        "sequencer": {"S": sequencer},
        # Sequencers differ in length: padded on the right, they compare as texts (S3 user guide, "Event message structure").
        "order": {"S": sequencer.upper().ljust(64, "0")},
    }
    if stored.get("eTag"):
        item["etag"] = {"S": str(stored["eTag"])}
    if "size" in stored:
        item["size"] = {"N": str(count(stored["size"]))}
    return item


def unquoted(quoted):
    """The key as it is: S3 writes it as a form's field, a space as a plus sign."""
    if not isinstance(quoted, str):
        raise Malformed("the key is no text")
    try:
        key = unquote_plus(quoted, errors="strict")
        size = len(key.encode())
    except UnicodeError:
        raise Malformed("the key is not UTF-8") from None
    if not 1 <= size <= LONGEST_KEY:
        raise Malformed("the key is empty or too long")
    return key


def count(size):
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise Malformed("the size is no number of bytes")
    return size


def keep(item):
    """Writes the entry unless the table has this event or a later one of the same version; says whether it wrote."""
    table = client("dynamodb")
    try:
        table.put_item(
            TableName=os.environ["TABLE"],
            Item=item,
            ConditionExpression="attribute_not_exists(#order) OR #order < :order",
            ExpressionAttributeNames={"#order": "order"},
            ExpressionAttributeValues={":order": item["order"]},
        )
    except table.exceptions.ConditionalCheckFailedException:
        return False
    tell(item)
    return True


def tell(item):
    """Tells of a new file, once: a notice that fails is not sent again, and the table is the record."""
    topic = os.environ.get("TOPIC")
    if topic and item["event"]["S"].startswith(CREATED):
        message = f"{item['key']['S']}\nis in {item['bucket']['S']} since {item['time']['S']}.\n"
        client("sns").publish(TopicArn=topic, Subject="A new file", Message=message)


@functools.cache
def client(service):
    # Here and not above: the tests put their own in its place, and need no AWS library.
    import boto3

    return boto3.client(service)
