"""A scripted gateway and both clients behind one face, for the SDK's behaviour tests."""
