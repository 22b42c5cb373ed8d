namespace Network.Conformance;

/// <summary>A scenario saw something else than Kubernetes shows; the message says what was expected and what came.</summary>
public sealed class ExpectationFailed(string message) : Exception(message);
