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
