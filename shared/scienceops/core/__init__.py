"""The pure core: plain Python on plain values. No clock, no disk, no network, no cloud."""
