namespace Network.Cni.Protocol;

/// <summary>A refusal in the terms of the CNI specification.</summary>
internal sealed class CniException(int code, string message, string details = "") : Exception(message)
{
    internal int Code { get; } = code;

    internal string Details { get; } = details;
}
