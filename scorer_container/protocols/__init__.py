"""Protocols: the forms in which rows come and answers go; one core scores what they carry."""

from scorer_container.protocols.form import Answer, Form, Sent

__all__ = ["Answer", "Form", "Sent"]
