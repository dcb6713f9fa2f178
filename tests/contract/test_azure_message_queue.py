"""StorageMessageQueue keeps the promises of the queue, beside the host of Azure Functions."""

import pytest
from contract.message_queue import MessageQueueContract

from scienceops.adapters.azure.clients import open_queues
from scienceops.adapters.azure.message_queue import StorageMessageQueue
from scienceops.azure_settings import AzureSettings


class TestStorageMessageQueue(MessageQueueContract):
    @pytest.fixture
    def queue(self, azure_settings: AzureSettings) -> StorageMessageQueue:
        return StorageMessageQueue(open_queues(azure_settings))

    def test_what_is_no_message_is_deleted_and_not_sent_anew(
        self, queue: StorageMessageQueue, azure_settings: AzureSettings
    ) -> None:
        open_queues(azure_settings).get_queue_client("work").send_message("nothing of ours")
        assert queue.receive("work") == []
        assert queue.set_aside("work", then="resend") == []
        assert queue.set_aside("work", then="delete") == [{"unreadable": "nothing of ours"}]
        assert queue.set_aside("work") == []
