namespace Network.ApiServer.Admission.Webhooks;

/// <summary>A webhook gave no usable answer; its failure policy decides what that means. The code is the HTTP status that stands for it in metrics.</summary>
internal sealed class WebhookCallException(string webhook, string why, int code) : Exception($"failed calling webhook \"{webhook}\": {why}")
{
    public int Code => code;
}
