"""Containers on one machine, by its container engine: images built, run and cleaned away.

connection      which engine there is
repository      where images are kept: a repository of the user's, or one of our own
image_registry  our own, for an engine that has none
image_builder   ImageBuilder; build_image is its program
containers      what a container may do; run_container is the program that runs one
bucket_socket   the part of the bucket that one container may use; socket_object_store its client
"""
