namespace Network.Iptables;

/// <summary>iptables refused a change; the message holds its words and the line it means.</summary>
public sealed class IptablesException(string message) : Exception(message);
