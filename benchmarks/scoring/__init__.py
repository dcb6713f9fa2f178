"""What a scored row costs: ours beside other servers of the same model."""
