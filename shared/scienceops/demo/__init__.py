"""The demo: the main job on real data, every part real."""
