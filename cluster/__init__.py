"""Real clusters of other programmes on loopback: what runs where one machine is not enough."""
