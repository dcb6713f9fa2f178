"""SQS entry: messages of queue `alerts`; post the event that each names."""

from functions.aws.platform import app
from functions.aws.queue_door import queue_door
from scienceops.core.messages import ALERTS

# One attempt each; the message of the next one, if there is one, was sent before.
handler = queue_door(ALERTS, "Alerts", lambda delivery: app().send_alert(delivery))
