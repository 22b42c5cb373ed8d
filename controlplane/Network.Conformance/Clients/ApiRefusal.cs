namespace Network.Conformance.Clients;

/// <summary>The server said no; the reason is that of its Status (NotFound, Forbidden, Invalid, ...).</summary>
public sealed class ApiRefusal(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;
}
