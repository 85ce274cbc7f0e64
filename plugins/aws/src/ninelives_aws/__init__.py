"""What the AWS backends of ninelives share: clients with time-outs, addresses, and what their errors mean."""
