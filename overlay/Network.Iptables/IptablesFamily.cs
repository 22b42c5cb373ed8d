namespace Network.Iptables;

/// <summary>Which of the two rule sets: a parameter, never a copy of the code.</summary>
public enum IptablesFamily
{
    V4,
    V6,
}
