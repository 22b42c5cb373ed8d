namespace Network.Api.Schema;

public enum FieldType : byte { String, Bool, Int32, Int64, Double, Bytes, Time, MicroTime, Fields, Raw, IntOrString, Quantity, Message, Union }
