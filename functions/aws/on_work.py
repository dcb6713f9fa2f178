"""SQS entry: messages of queue `work`; take the step that each asks for."""

from functions.aws.platform import app
from functions.aws.queue_door import queue_door
from scienceops.core.messages import WORK

# A message whose step was taken is gone already; one that is not stays.
handler = queue_door(WORK, "Steps", lambda delivery: app().do_work(delivery))
