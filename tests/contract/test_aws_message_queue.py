"""SqsMessageQueue keeps the promises of the queue."""

import pytest
from contract.message_queue import MessageQueueContract
from emulators.account import Account

from scienceops.adapters.aws.clients import LazyClient
from scienceops.adapters.aws.message_queue import SqsMessageQueue
from scienceops.ports.message_queue import MAX_ATTEMPTS, Delivery


class TestSqsMessageQueue(MessageQueueContract):
    @pytest.fixture
    def queue(self, account: Account) -> SqsMessageQueue:
        account.make_queues("work", "captures")
        return SqsMessageQueue(LazyClient("sqs"), account.prefix)

    def test_more_than_sqs_gives_at_once_are_received_when_asked_for(
        self, queue: SqsMessageQueue
    ) -> None:
        for number in range(25):
            queue.send("work", {"n": number})
        got = queue.receive("work", most=22)
        assert len({delivery.body["n"] for delivery in got}) == 22

    def test_looking_at_what_was_set_aside_keeps_it(self, queue: SqsMessageQueue) -> None:
        for number in range(12):
            queue.send("work", {"n": number})
        for _ in range(MAX_ATTEMPTS):
            for delivery in queue.receive("work", most=12):
                queue.release(delivery)
        assert queue.receive("work") == []
        for _ in range(2):
            assert queue.set_aside("work") == [{"n": number} for number in range(12)]

    def test_a_receipt_that_lambda_handed_over_is_good(
        self, queue: SqsMessageQueue, account: Account
    ) -> None:
        queue.send("work", {"n": 1})
        sqs = account.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{account.prefix}work")["QueueUrl"]
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        queue.acknowledge(Delivery("work", message["ReceiptHandle"], {"n": 1}, 1))
        assert queue.depth("work") == 0
