namespace Network.Diagnosis.Trace;

/// <summary>Which of the kernel's tracepoints saw the packet.</summary>
public enum PacketEventKind
{
    /// <summary>skb:kfree_skb: thrown away, for a reason.</summary>
    Dropped,

    /// <summary>net:net_dev_queue: handed to a device for sending.</summary>
    Sent,

    /// <summary>net:netif_receive_skb: taken from a device.</summary>
    Received,
}
