"""Pages of rounds: what is sent to whom, its checks, sending it and what came back; templates and the inbox."""
